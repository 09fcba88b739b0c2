"""What people and the engine know of a connection; every one gets a receipt door of its own."""

from django.db import migrations, models

from flows.models.asset import new_hook_code, new_hook_key


def open_doors(apps, _schema):
    """A code and a key of its own for each connection that was there before."""
    for connection in apps.get_model("flows", "Connection").objects.all():
        connection.hook_code = new_hook_code()
        connection.hook_key_encrypted = new_hook_key()
        connection.save(update_fields=["hook_code", "hook_key_encrypted"])


class Migration(migrations.Migration):
    dependencies = [("flows", "0013_verified_addresses")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="base_url",
            field=models.URLField(blank=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="check_error",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="connection",
            name="checked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="down_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="failures",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="forged_hook_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="forged_hooks",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="health",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="health_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField("connection", "hook_code", models.CharField(max_length=22, null=True)),
        migrations.AddField(
            model_name="connection",
            name="hook_key_encrypted",
            field=models.TextField(default=new_hook_key, editable=False),
        ),
        migrations.RunPython(open_doors, migrations.RunPython.noop),
        migrations.AlterField(
            "connection",
            "hook_code",
            models.CharField(default=new_hook_code, max_length=22, unique=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="last_error",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="connection",
            name="last_error_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="probe_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="self_test_error",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="connection",
            name="self_test_key",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="connection",
            name="self_tested_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="sync_error",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="connection",
            name="synced_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="unread_hooks",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="connection",
            name="updated_at",
            field=models.DateTimeField(auto_now=True),
        ),
        migrations.AddField(
            model_name="sender",
            name="carrier_id",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
