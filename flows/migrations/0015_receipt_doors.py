"""Receipts are unique per connection; what nobody could read is kept; attempts can be asked after."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0014_connections")]

    operations = [
        migrations.CreateModel(
            name="UnreadHook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("method", models.CharField(max_length=8)),
                ("query", models.CharField(blank=True, max_length=2000)),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("body", models.TextField(blank=True)),
                ("reason", models.CharField(max_length=300)),
                ("received_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="receipt",
            name="receipt_once_per_event",
        ),
        migrations.AddField(
            model_name="attempt",
            name="poll_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                models.F("poll_at"),
                condition=models.Q(("poll_at__isnull", False)),
                name="attempt_poll",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                models.F("connection"),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("connection__isnull", False)),
                name="attempt_connection_health",
            ),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                models.F("connection"),
                models.F("received_at"),
                condition=models.Q(("attempt__isnull", True), ("connection__isnull", False)),
                name="receipt_unmatched_health",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                fields=("connection", "event_key"), name="receipt_once_per_connection"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("connection__isnull", True)),
                fields=("connector", "event_key"),
                name="receipt_once_without_connection",
            ),
        ),
        migrations.AddField(
            model_name="unreadhook",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="kept_hooks",
                to="flows.connection",
            ),
        ),
        migrations.AddIndex(
            model_name="unreadhook",
            index=models.Index(
                models.F("connection"),
                models.OrderBy(models.F("id"), descending=True),
                name="unread_hook_list",
            ),
        ),
    ]
