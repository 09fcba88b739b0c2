import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0003_asset_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('kyc', 'Company details'), ('sender', 'Sender'), ('template', 'Template'), ('fallback', 'Fallback feature')], max_length=10)),
                ('asked_at', models.DateTimeField()),
                ('settles_at', models.DateTimeField(null=True)),
                ('decision', models.CharField(choices=[('open', 'Open'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='open', max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='flows.account')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sender', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='flows.sender')),
                ('template_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='flows.templateversion')),
            ],
            options={
                'indexes': [models.Index(models.F('kind'), models.F('id'), condition=models.Q(('decision', 'open')), name='review_queue'), models.Index(models.F('account'), models.OrderBy(models.F('id'), descending=True), name='review_list_of_account'), models.Index(models.F('settles_at'), condition=models.Q(('decision', 'open'), ('settles_at__isnull', False)), name='review_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('decision', 'open'), ('kind__in', ['kyc', 'fallback'])), fields=('account', 'kind'), name='review_open_once_per_account'), models.UniqueConstraint(condition=models.Q(('decision', 'open')), fields=('sender',), name='review_open_once_per_sender'), models.UniqueConstraint(condition=models.Q(('decision', 'open')), fields=('template_version',), name='review_open_once_per_template_version')],
            },
        ),
    ]
