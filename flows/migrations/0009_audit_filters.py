from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0008_publication_declined'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(models.F('account'), models.F('actor'), models.OrderBy(models.F('id'), descending=True), name='audit_list_by_person'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(models.F('account'), models.F('object_kind'), models.OrderBy(models.F('id'), descending=True), name='audit_list_by_kind'),
        ),
    ]
