"""How often a receipt door was told what it knew already: by a carrier, or by who replays it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0020_connection_sync_at")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="repeated_hooks",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
