"""The templates that a carrier lists, as of the last sync."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0015_receipt_doors")]

    operations = [
        migrations.CreateModel(
            name="CarrierTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=512)),
                ("language", models.CharField(blank=True, max_length=20)),
                ("category", models.CharField(blank=True, max_length=30)),
                ("state", models.CharField(max_length=10)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("carrier_id", models.CharField(blank=True, max_length=64)),
                ("content", models.JSONField(null=True)),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="carriertemplate",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="carrier_templates",
                to="flows.connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="carriertemplate",
            constraint=models.UniqueConstraint(
                fields=("connection", "name", "language"), name="carrier_template_once"
            ),
        ),
    ]
