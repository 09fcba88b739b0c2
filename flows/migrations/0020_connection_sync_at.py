from django.db import migrations, models


class Migration(migrations.Migration):
    """When a carrier's own list of templates is fetched next; empty: as soon as possible."""

    dependencies = [("flows", "0019_unmatched_receipts_by_message")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="sync_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
