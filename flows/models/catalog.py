"""What an account may build flows from, as the pure rules of flows.definition want it.

One query per kind, whatever the number of rows; every status is included, so that the rules can
say why something cannot be used.
"""

from flows.definition import Catalog, SenderFacts, TemplateFacts
from flows.placeholders import Channel

from .account import Account
from .asset import Sender, Template
from .callback import CallbackProfile


def catalog_of(account: Account) -> Catalog:
    senders = Sender.objects.filter(account=account).select_related("connection")
    templates = Template.objects.filter(account=account)
    profiles = CallbackProfile.objects.filter(account=account, deleted_at=None)
    return Catalog(
        senders={facts.id: facts for facts in map(_sender_facts, senders.order_by("identifier"))},
        templates={
            facts.id: facts for facts in map(_template_facts, templates.order_by("name", "id"))
        },
        callback_profiles=dict(profiles.order_by("title").values_list("public_id", "title")),
    )


def _sender_facts(sender: Sender) -> SenderFacts:
    return SenderFacts(
        id=str(sender.public_id),
        channel=Channel(sender.channel),
        identifier=sender.identifier,
        label=sender.label,
        generation=sender.generation,
        status=sender.status,
        connection=str(sender.connection.public_id),
    )


def _template_facts(template: Template) -> TemplateFacts:
    return TemplateFacts(
        id=str(template.public_id),
        content=template.content,
        status=template.status,
        label=template.label,
        version=template.version,
    )
