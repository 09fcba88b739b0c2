"""People of before django-allauth keep signing in: their addresses count as proved."""

from django.conf import settings
from django.db import migrations


def verify(apps, schema_editor):
    address = apps.get_model("account", "EmailAddress")
    people = apps.get_model("flows", "User").objects.filter(emailaddress=None)
    address.objects.bulk_create(
        [
            address(user_id=pk, email=email, verified=True, primary=True)
            for pk, email in people.values_list("pk", "email")
        ]
    )


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0012_callback_test_exchange"),
        ("account", "0009_emailaddress_unique_primary_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(verify, migrations.RunPython.noop)]
