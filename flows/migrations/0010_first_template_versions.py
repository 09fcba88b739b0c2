"""Templates that exist already become version 1, or 0 when nobody has approved them yet."""

from django.db import migrations
from django.db.models import F
from django.utils import timezone

NEVER_APPROVED = ("pending", "rejected")
SAID = (
    "channel", "name", "kind", "body", "language", "category", "header_kind", "header_text",
    "footer", "buttons", "dlt_template_id", "unicode",
)


def number_them(apps, _schema):
    Template = apps.get_model("flows", "Template")
    Version = apps.get_model("flows", "TemplateVersion")
    now = timezone.now()
    for template in Template.objects.all().iterator():
        Version.objects.create(
            template=template,
            number=max(template.version, 1),
            content={name: getattr(template, name) for name in SAID},
            samples=template.samples,
            status=template.status if template.status in NEVER_APPROVED else "approved",
            status_reason=template.status_reason,
            submitted_by_id=template.created_by_id,
            submitted_at=template.created_at,
            decided_at=None if template.status == "pending" else now,
        )
    Template.objects.filter(status__in=NEVER_APPROVED).update(version=0)
    # What waits for support stays in its queue.
    Review = apps.get_model("flows", "Review")
    for version in Version.objects.filter(status="pending").select_related("template"):
        Review.objects.create(
            account_id=version.template.account_id,
            kind="template",
            template_version=version,
            asked_by_id=version.submitted_by_id,
            asked_at=version.submitted_at,
        )
    for sender in apps.get_model("flows", "Sender").objects.filter(status="pending"):
        Review.objects.create(
            account_id=sender.account_id, kind="sender", sender=sender, asked_at=sender.created_at
        )
    for account in apps.get_model("flows", "Account").objects.filter(kyc_status="in_review"):
        Review.objects.create(account=account, kind="kyc", asked_at=account.created_at)
    apps.get_model("flows", "Flow").objects.update(edited_by=F("updated_by"))


def forget(apps, _schema):
    apps.get_model("flows", "Template").objects.filter(version=0).update(version=1)
    apps.get_model("flows", "TemplateVersion").objects.all().delete()
    apps.get_model("flows", "Review").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("flows", "0009_audit_filters")]
    operations = [migrations.RunPython(number_them, forget)]
