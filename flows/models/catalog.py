"""What an account may build flows from, as the pure rules of flows.definition want it.

One query per kind, whatever the number of rows, one more where a sender's carrier is real, and
another where it has a list of templates; every status is included, so that the rules can say why
something cannot be used.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from flows.connectors.sandbox import KEY as SANDBOX
from flows.definition import Catalog, ConnectionFacts, SenderFacts, TemplateFacts
from flows.placeholders import Channel, clean_params, fields

from . import audit, carrier_lists, sandbox_texts
from .account import Account
from .asset import Connection, Sender, Template
from .callback import CallbackProfile
from .outage_words import outage
from .people import User

Samples = Mapping[str, str]


def catalog_of(account: Account) -> Catalog:
    senders = list(
        Sender.objects.filter(account=account, deleted_at=None)
        .select_related("connection")
        .order_by("identifier")
    )
    templates = list(
        Template.objects.filter(account=account, deleted_at=None).order_by("name", "id")
    )
    profiles = CallbackProfile.objects.filter(account=account, deleted_at=None)
    return Catalog(
        senders={facts.id: facts for facts in map(_sender_facts, senders)},
        templates={facts.id: facts for facts in map(_template_facts, templates)},
        callback_profiles=dict(profiles.order_by("title").values_list("public_id", "title")),
        connections=_connections(senders, templates, now=timezone.now()),
    )


def _connections(
    senders: Sequence[Sender], templates: Sequence[Template], *, now: datetime
) -> dict[str, ConnectionFacts]:
    used = {sender.connection_id: sender.connection for sender in senders}.values()
    lists = carrier_lists.load(used, {template.name for template in templates}, now=now)
    is_real = any(one.connector != SANDBOX for one in used)
    unseen = sandbox_texts.unseen(templates) if is_real else sandbox_texts.Unseen()
    return {
        str(one.public_id): _connection_facts(one, lists, unseen, templates, now=now)
        for one in used
    }


def _connection_facts(
    connection: Connection,
    lists: carrier_lists.Lists,
    unseen: sandbox_texts.Unseen,
    templates: Sequence[Template],
    *,
    now: datetime,
) -> ConnectionFacts:
    is_real = connection.connector != SANDBOX
    refused = {
        str(template.public_id): unseen.obstacle(template, template.version)
        or lists.obstacle(connection, template.content, ours_since=template.created_at)
        for template in templates
        if is_real and (lists.rows or unseen.versions)
    }
    health = connection.health
    return ConnectionFacts(
        name=connection.name,
        outage=outage(connection, now=now),
        receipts=health.get("verdict", ""),
        slow_s=health.get("slow_s"),
        refused_templates={template: why for template, why in refused.items() if why},
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


def samples_of(account: Account, template_ids: Iterable[str]) -> dict[str, Samples]:
    """Sample values of the account's templates by public id, keyed as callers key parameters."""
    wanted = {UUID(template_id) for template_id in template_ids if _is_uuid(template_id)}
    rows = Template.objects.filter(account=account, public_id__in=wanted)
    return {str(key): samples for key, samples in rows.values_list("public_id", "samples")}


def _is_uuid(text: str) -> bool:
    """A draft may hold any text where an id belongs."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def remember_samples(account: Account, template_id: str, samples: Samples, *, by: User) -> None:
    """Keep typed sample values with their template, so that every flow's preview shows them."""
    if not _is_uuid(template_id):
        return
    template = Template.objects.filter(account=account, public_id=template_id).first()
    if template is None:
        return
    keys = {field.key for field in fields(template.content)}
    clean, _ = clean_params({key: samples[key] for key in keys & samples.keys()}, where="samples")
    after = {**template.samples, **clean}
    if after == template.samples:
        return
    with transaction.atomic():
        Template.objects.filter(pk=template.pk).update(samples=after)
        audit.record(
            account,
            "template.samples",
            by=by,
            of=template,
            label=template.name,
            before=template.samples,
            after=after,
        )
