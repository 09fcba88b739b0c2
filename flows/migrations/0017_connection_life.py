"""What becomes of a connection: how its last check failed, and when it was deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0016_carrier_templates")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="check_class",
            field=models.CharField(blank=True, default="", editable=False, max_length=30),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="connection",
            name="deleted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
