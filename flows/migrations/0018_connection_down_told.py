from django.db import migrations, models


class Migration(migrations.Migration):
    """When the admins were last told that a connection is down, so that flapping does not flood."""

    dependencies = [("flows", "0017_connection_life")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="down_told_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
