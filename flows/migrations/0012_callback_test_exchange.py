"""What a test event sent and what was answered, for the person who is setting the endpoint up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0011_callback_headers_encrypted")]
    operations = [
        migrations.AddField("callbacktry", "exchange", models.JSONField(null=True)),
    ]
