import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0005_invitations'),
    ]

    operations = [
        migrations.CreateModel(
            name='OutgoingMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('to', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('text_encrypted', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('wake_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('tries_made', models.PositiveSmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'indexes': [models.Index(models.F('wake_at'), condition=models.Q(('wake_at__isnull', False)), name='mail_claim')],
            },
        ),
    ]
