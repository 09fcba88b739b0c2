"""What a request is about, and its answer: the same for the support desk and for an account that
may answer its own. Who may answer is asked before (flows.access)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from flows import onboarding
from flows.definition.template_differences import (
    content_differences,
    demand_sentences,
    demands_between,
)
from flows.forms.decision import RejectForm
from flows.models import (
    Account,
    Company,
    Decision,
    Review,
    ReviewKind,
    TemplateKind,
    TemplateVersion,
    User,
    reviews,
)
from flows.models.usage import flows_using
from flows.placeholders import Channel, TemplateContent, fields, preview
from flows.segments import measure

WITH = ("account", "sender__connection", "template_version__template", "asked_by", "decided_by")


def page_about(review: Review, form: RejectForm | None = None) -> dict[str, Any]:
    """Everything that is needed to answer, for reviews/_subject.html and reviews/_answer.html."""
    return {
        "review": review,
        "label": reviews.label_of(review),
        "account": review.account,
        "form": form or RejectForm(kind=review.kind),
        **_subject(review),
    }


def answer(request: HttpRequest, review: Review, *, by: User, reason: str | None = None) -> bool:
    """Approve it, or reject it for a reason. Who is second is told who was first: False."""
    label = reviews.label_of(review)
    try:
        if reason is None:
            reviews.approve(review, by=by)
        else:
            reviews.reject(review, by=by, reason=reason)
    except reviews.ReviewRefused as refused:
        messages.warning(request, _who_was_first(review) or refused.sentence)
        return False
    verdict = "approved" if reason is None else "rejected"
    messages.success(
        request, f"{review.get_kind_display()} “{label}” of {review.account.name} is {verdict}."
    )
    return True


def _who_was_first(review: Review) -> str:
    review.refresh_from_db(fields=["decision", "decided_by", "decided_at"])
    if review.decision == Decision.OPEN:
        return ""
    label = reviews.label_of(review)
    if review.decision == Decision.WITHDRAWN:
        return f"The request for “{label}” was taken back meanwhile. Nothing is left to decide."
    who = review.decided_by or "The Sandbox"
    return f"{who} has {review.decision} “{label}” already. Your answer was not taken."


def _subject(review: Review) -> dict[str, Any]:
    if review.kind == ReviewKind.KYC:
        return _company(review.account)
    if review.kind == ReviewKind.FALLBACK:
        return {"tasks": onboarding.tasks(review.account)}
    if review.template_version:
        return _template(review, review.template_version)
    return {"sender": review.sender}


def _company(account: Account) -> dict[str, Any]:
    return {
        "company": Company.objects.filter(account=account).first(),
        "documents": account.documents.select_related("uploaded_by").order_by("kind", "pk"),
    }


def _template(review: Review, version: TemplateVersion) -> dict[str, Any]:
    template = version.template
    content = TemplateContent.from_json(version.content)
    told = {
        "template": template,
        "version": version,
        "message": _message(content, version.samples),
        "variables": [(key, version.samples.get(key.key, "")) for key in fields(content)],
        "uses": flows_using(review.account).get(str(template.public_id), []),
    }
    before = _text_before(version)
    if before is None:
        return told
    return {
        **told,
        "before": _message(before, template.samples),
        "differences": content_differences(before, content),
        "demands": demand_sentences(demands_between(before, content), "templateParams"),
    }


def _text_before(version: TemplateVersion) -> TemplateContent | None:
    """The text that was in force when this one was handed in."""
    if version.number == version.template.version:  # approved since: what was in force before it
        earlier = version.template.versions.filter(number__lt=version.number, status="approved")
        last = earlier.order_by("-number").first()
        return TemplateContent.from_json(last.content) if last else None
    return version.template.content if 0 < version.template.version < version.number else None


def _message(content: TemplateContent, samples: dict[str, str]) -> dict[str, Any]:
    shown = preview(content, samples)
    text = "".join(piece.text for piece in shown.body)
    is_sms = content.channel is Channel.SMS
    return {
        "content": content,
        "kind": TemplateKind(content.kind).label,
        "preview": shown,
        "segments": measure(text) if is_sms else None,
    }
