"""Receipts that wait for their send are found by message id alone, however many there are: SQLite
took the index of attempts instead, and read every unmatched receipt."""

from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    dependencies = [("flows", "0018_connection_down_told")]

    operations = [
        migrations.RemoveIndex(model_name="receipt", name="receipt_unmatched"),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                F("attempt"),
                F("message_id"),
                name="receipt_unmatched",
                condition=models.Q(attempt__isnull=True),
            ),
        ),
    ]
