"""The values of a callback profile's extra headers may be secrets, so they are kept encrypted."""

import json

from django.db import migrations, models

from flows.models.secret import decrypt, encrypt


def encrypt_them(apps, _schema):
    for profile in apps.get_model("flows", "CallbackProfile").objects.exclude(headers={}):
        profile.headers_encrypted = encrypt(json.dumps(profile.headers))
        profile.save(update_fields=["headers_encrypted"])


def decrypt_them(apps, _schema):
    for profile in apps.get_model("flows", "CallbackProfile").objects.exclude(headers_encrypted=""):
        profile.headers = json.loads(decrypt(profile.headers_encrypted))
        profile.save(update_fields=["headers"])


class Migration(migrations.Migration):
    dependencies = [("flows", "0010_first_template_versions")]
    operations = [
        migrations.AddField(
            "callbackprofile", "headers_encrypted", models.TextField(blank=True, editable=False)
        ),
        migrations.RunPython(encrypt_them, decrypt_them),
        migrations.RemoveField("callbackprofile", "headers"),
    ]
