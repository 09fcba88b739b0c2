import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0006_outgoing_mail'),
    ]

    operations = [
        migrations.AddField(
            model_name='callbackprofile',
            name='old_secret_encrypted',
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name='callbackprofile',
            name='old_secret_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='callbackdelivery',
            name='execution',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='callback_deliveries', to='flows.execution'),
        ),
        migrations.AddIndex(
            model_name='callbackdelivery',
            index=models.Index(models.F('profile'), models.OrderBy(models.F('id'), descending=True), name='callback_log_of_profile'),
        ),
    ]
