import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='is_kyc_by_sandbox',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='account',
            name='needs_other_publisher',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='account',
            name='needs_second_factor',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='Company',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('legal_name', models.CharField(max_length=120)),
                ('registration_number', models.CharField(blank=True, max_length=40)),
                ('tax_number', models.CharField(blank=True, max_length=40)),
                ('address', models.CharField(max_length=200)),
                ('city', models.CharField(max_length=80)),
                ('postal_code', models.CharField(max_length=16)),
                ('country', models.CharField(max_length=2)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='company', to='flows.account')),
            ],
            options={
                'verbose_name_plural': 'companies',
            },
        ),
        migrations.CreateModel(
            name='CompanyDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('identity', 'Proof of identity'), ('address', "Proof of the company's address"), ('tax', 'Tax registration (PAN, VAT, GST)'), ('other', 'Something else')], max_length=10)),
                ('file_name', models.CharField(max_length=120)),
                ('content_type', models.CharField(max_length=40)),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('stored_name', models.CharField(editable=False, max_length=80)),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='flows.account')),
                ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
