"""What an account still needs before it can create flows: computed from its rows, never ticked.

The rows and their order are product.md section 3. Three queries, whatever the account holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flows.definition import Catalog
from flows.models import Account, AssetStatus, KycStatus
from flows.models.catalog import catalog_of
from flows.placeholders import Channel


@dataclass(frozen=True)
class Task:
    """One row of the list. `state`: completed, to_do, in_review or blocked (see `who`)."""

    title: str
    state: str
    sentence: str
    who: str = ""  # who must act next; empty when nothing is left to do
    admin_url: str = ""  # the support desk's page for it

    @property
    def is_completed(self) -> bool:
        return self.state == "completed"


def tasks(account: Account, catalog: Catalog | None = None) -> list[Task]:
    catalog = catalog or catalog_of(account)
    return [
        _kyc(account),
        _business_manager(account),
        _whatsapp_number(catalog),
        _template(catalog, Channel.WHATSAPP),
        _sms_sender(catalog),
        _template(catalog, Channel.SMS),
        _fallback_feature(account),
    ]


def is_ready(tasks: Iterable[Task]) -> bool:
    return all(task.is_completed for task in tasks)


_ADMIN = "an admin of this account"
_ACCOUNT = "admin:flows_account_changelist"
_SENDERS = "admin:flows_sender_changelist"
_TEMPLATES = "admin:flows_template_changelist"


def _kyc(account: Account) -> Task:
    title = "Know your customer (KYC)"
    if account.kyc_status == KycStatus.APPROVED:
        return Task(title, "completed", "Company details and documents are approved.")
    if account.kyc_status == KycStatus.IN_REVIEW:
        sentence = "Company details and documents are being checked."
        return Task(title, "in_review", sentence, "support", _ACCOUNT)
    if account.kyc_status == KycStatus.REJECTED:
        sentence = "The documents were rejected. Send corrected ones."
        return Task(title, "blocked", sentence, _ADMIN, _ACCOUNT)
    sentence = "Hand in company details and documents."
    return Task(title, "to_do", sentence, _ADMIN, _ACCOUNT)


def _business_manager(account: Account) -> Task:
    title = "WhatsApp: Business Manager ID"
    if account.business_manager_id:
        return Task(title, "completed", f"Business Manager {account.business_manager_id}.")
    sentence = "Create a Business Manager at Meta and give its ID."
    return Task(title, "to_do", sentence, _ADMIN, _ACCOUNT)


def _whatsapp_number(catalog: Catalog) -> Task:
    title = "WhatsApp: number"
    senders = [s for s in catalog.senders.values() if s.channel is Channel.WHATSAPP]
    usable = [s for s in senders if s.generation == "V1"]
    if approved := [s for s in usable if s.status == AssetStatus.APPROVED]:
        return Task(title, "completed", f"{approved[0].label} is approved.")
    if any(s.status == "pending" for s in usable):
        return Task(title, "in_review", "The number is being checked.", "support", _SENDERS)
    if senders and not usable:
        sentence = "Register a number of generation V1: flows cannot use V2 numbers."
        return Task(title, "blocked", sentence, _ADMIN, _SENDERS)
    if usable:
        sentence = f"{usable[0].label} is {usable[0].status}. Register another number."
        return Task(title, "blocked", sentence, _ADMIN, _SENDERS)
    sentence = "Register a WhatsApp number of generation V1."
    return Task(title, "to_do", sentence, _ADMIN, _SENDERS)


def _sms_sender(catalog: Catalog) -> Task:
    title = "SMS: Sender ID"
    senders = [s for s in catalog.senders.values() if s.channel is Channel.SMS]
    statuses = {sender.label: sender.status for sender in senders}
    todo = Task(title, "to_do", "Register a Sender ID.", _ADMIN, _SENDERS)
    return _asset(statuses, todo=todo)


def _template(catalog: Catalog, channel: Channel) -> Task:
    """Any kind the channel may use in a flow; WhatsApp: text or authentication."""
    facts = [t for t in catalog.templates.values() if t.content.channel is channel]
    if channel is Channel.WHATSAPP:
        facts = [t for t in facts if t.content.kind in {"text", "authentication"}]
    statuses = {template.content.name: template.status for template in facts}
    sentence = f"Create {'a WhatsApp' if channel is Channel.WHATSAPP else 'an SMS'} template."
    who = "an admin or a marketer of this account"
    title = f"{channel.label}: template"
    return _asset(statuses, todo=Task(title, "to_do", sentence, who, _TEMPLATES))


def _asset(statuses: dict[str, str], *, todo: Task) -> Task:
    """The task once there are assets, by name and status; `todo` while there are none."""
    approved = [name for name, status in statuses.items() if status == AssetStatus.APPROVED]
    pending = [name for name, status in statuses.items() if status == AssetStatus.PENDING]
    if approved:
        more = f" and {len(approved) - 1} more are" if len(approved) > 1 else " is"
        return Task(todo.title, "completed", f"{approved[0]}{more} approved.")
    if pending:
        sentence = f"{pending[0]} is being checked."
        return replace(todo, state="in_review", sentence=sentence, who="support")
    for name, status in statuses.items():
        return replace(todo, state="blocked", sentence=f"{name} is {status}. Hand in another one.")
    return todo


def _fallback_feature(account: Account) -> Task:
    title = "Fallback for this account"
    if account.fallback_enabled_at:
        return Task(title, "completed", "Support has enabled Fallback.")
    sentence = "Ask the support team to enable Fallback for this account."
    return Task(title, "blocked", sentence, "support", _ACCOUNT)
