"""The audit log in words: every recorded action, every kind of object, every field that changes.

A new action needs a line in WORDS; tests/views/test_audit_log.py and every test that records one
look for it. Makes no query.
"""

from collections.abc import Collection
from dataclasses import dataclass

from flows.models import AuditEntry, User

SANDBOX = "Sandbox"
ENGINE = "The engine"
SUPPORT = "Support"
NOBODY = "Somebody who is gone"

WORDS = {
    # flows
    "flow.create": "created the flow",
    "flow.save": "changed the draft of the flow",
    "flow.publish": "published the flow",
    "flow.unpublish": "unpublished the flow",
    "flow.discard": "discarded the changes of the flow",
    "flow.delete": "deleted the flow",
    "flow.restore": "restored the flow",
    "flow.request": "asked for the publication of the flow",
    "flow.request_withdraw": "no longer asked for the publication of the flow",
    "flow.decline": "declined to publish the flow",
    "flow.test": "sent a test with the flow",
    "execution.cancel": "cancelled the execution",
    # people
    "membership.create": "added",
    "membership.change": "changed the role of",
    "membership.remove": "removed",
    "membership.delete": "removed",
    "membership.leave": "left the account:",
    "invitation.create": "invited",
    "invitation.renew": "made a new invitation link for",
    "invitation.withdraw": "withdrew the invitation of",
    "invitation.accept": "accepted the invitation of",
    "person.change_name": "changed the name of",
    "person.change_password": "changed the password of",
    "person.set_password": "set the password of",
    "person.reset_password": "reset the password of",
    "person.change_email": "changed the email address of",
    "person.add_authenticator": "set up an authenticator app for",
    "person.remove_authenticator": "removed the authenticator app of",
    "person.add_passkey": "added a passkey for",
    "person.remove_passkey": "removed a passkey of",
    "person.remove_second_factor": "removed the second factor of",
    "person.make_recovery_codes": "made recovery codes for",
    "person.use_recovery_code": "signed in with a recovery code as",
    # senders and templates
    "sender.create": "registered the sender",
    "sender.change": "changed the sender",
    "sender.submit": "handed in the sender",
    "sender.withdraw": "took back the sender",
    "sender.approve": "approved the sender",
    "sender.reject": "rejected the sender",
    "sender.pause": "paused the sender",
    "sender.resume": "resumed the sender",
    "sender.disable": "disabled the sender",
    "sender.enable": "enabled the sender",
    "sender.delete": "deleted the sender",
    "sender.restore": "restored the sender",
    "template.create": "created the template",
    "template.save": "changed the text of the template",
    "template.change": "changed the template",
    "template.samples": "changed the sample values of the template",
    "template.submit": "handed in the template",
    "template.withdraw": "took back the template",
    "template.approve": "approved the template",
    "template.reject": "rejected the template",
    "template.pause": "paused the template",
    "template.resume": "resumed the template",
    "template.disable": "disabled the template",
    "template.enable": "enabled the template",
    "template.delete": "deleted the template",
    "template.restore": "restored the template",
    # callbacks
    "callbackprofile.create": "created the callback profile",
    "callbackprofile.change": "changed the callback profile",
    "callbackprofile.rotate": "gave a new signing secret to the callback profile",
    "callbackprofile.rotate_secret": "gave a new signing secret to the callback profile",
    "callbackprofile.end_old_secret": "ended the old signing secret of the callback profile",
    "callbackprofile.enable": "enabled the callback profile",
    "callbackprofile.disable": "disabled the callback profile",
    "callbackprofile.delete": "deleted the callback profile",
    "callback_profile.disable": "disabled the callback profile",  # as it was called at first
    "callback.resend": "posted the result again for",
    "callback.resend_failed": "posted again what had failed of",
    "callback.test": "sent a test event to",
    # keys and test recipients
    "apikey.create": "made the API key",
    "apikey.change": "changed the API key",
    "apikey.revoke": "revoked the API key",
    "testrecipient.create": "added the test recipient",
    "testrecipient.change": "changed the test recipient",
    "testrecipient.delete": "removed the test recipient",
    "testrecipient.restore": "restored the test recipient",
    # the account
    "account.create": "opened the account",
    "account.open": "opened the account",
    "account.change": "changed the settings of the account",
    "account.close": "closed the account",
    "account.reopen": "opened again the account",
    "account.test_target": "changed where test sends go for the account",
    "account.business_manager": "changed the Business Manager ID of the account",
    "company.save": "changed the company details of",
    "company.submit": "handed in the company details of",
    "company.withdraw": "took back the company details of",
    "company.approve": "approved the company details of",
    "company.reject": "rejected the company details of",
    "fallback.submit": "asked for Fallback for",
    "fallback.withdraw": "no longer asked for Fallback for",
    "fallback.approve": "enabled Fallback for",
    "fallback.reject": "declined Fallback for",
    "document.upload": "uploaded the document",
    "document.download": "downloaded the document",
    "document.delete": "deleted the document",
    "connection.create": "made the connection",
    "connection.change": "changed the connection",
    "connection.sync": "fetched the list of templates of",
    "connection.check": "checked the credentials of the connection",
    "connection.self_test": "tried the receipt path of the connection",
    "connection.new_address": "gave a new receipt address to the connection",
    "connection.delete": "deleted the connection",
}

KINDS = {
    "flow": "Flow",
    "execution": "Execution",
    "sender": "Sender",
    "template": "Template",
    "callbackprofile": "Callback profile",
    "callbackdelivery": "Callback",
    "apikey": "API key",
    "testrecipient": "Test recipient",
    "membership": "Member",
    "invitation": "Invitation",
    "account": "Account",
    "company": "Company",
    "companydocument": "Document",
    "connection": "Connection",
    "user": "Person",
}

# Without a person: whose decision it was.
BY_THE_ENGINE = {"callbackprofile.disable", "callback_profile.disable"}
BY_THE_SANDBOX = {
    f"{noun}.{verb}"
    for noun in ("company", "sender", "template", "fallback")
    for verb in ("approve", "reject")
}

FIELDS = {
    "ip_ranges": "Allowed addresses",
    "url": "URL",
    "media_url": "Media URL",
    "wait_s": "Wait in seconds",
    "counts_as": "Counts as delivered",
    "workflow_id": "Workflow ID",
    "business_manager_id": "Business Manager ID",
    "kyc_status": "KYC",
    "sid": "SID",
    "base_url": "Address of the carrier",
    "carrier_id": "ID at the carrier",
    "given_anew": "Secrets given anew",
    "removed": "Secrets removed",
    "dlt_entity_id": "DLT entity ID",
    "dlt_template_id": "DLT template ID",
    "needs_second_factor": "Needs a second factor",
    "needs_other_publisher": "Somebody else publishes",
    "fallback_enabled_at": "Fallback enabled",
    "state": "Status",
}


@dataclass(frozen=True)
class Actor:
    """Who did it, and the address they sign in with, where that is known."""

    name: str
    email: str = ""


def said(action: str) -> str:
    """The action as the middle of a sentence; one without words is at least readable."""
    return WORDS.get(action) or action.replace(".", ": ").replace("_", " ")


def kind_said(kind: str) -> str:
    return KINDS.get(kind) or kind.replace("_", " ").capitalize()


def actor_of(entry: AuditEntry, *, members: Collection[int]) -> Actor:
    """`members`: keys of the account's people. Support staff are not named."""
    person: User | None = entry.actor
    if person is None:
        if entry.action in BY_THE_SANDBOX:
            return Actor(SANDBOX)
        return Actor(ENGINE if entry.action in BY_THE_ENGINE else NOBODY)
    if person.is_staff and person.pk not in members:
        return Actor(SUPPORT)
    return Actor(str(person), person.email)
