"""Entries of the audit log as lines of the page and of the CSV. A handful of queries a page."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import cached_property

from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch, reverse

from flows.audit_changes import Change, changes
from flows.audit_words import Actor, actor_of, kind_said, said
from flows.models import (
    Account,
    AuditEntry,
    CallbackProfile,
    Flow,
    Membership,
    Sender,
    Template,
)

from .csv_rows import Echo, safe

COLUMNS = (
    "at", "who", "email", "action", "words", "kind", "object", "object_id", "address", "changes",
)  # fmt: skip
# Pages of one object, where it is still there.
PAGES: Mapping[str, tuple[str, "QuerySet[Model]"]] = {
    "flow": ("flow-detail", Flow.objects.filter(deleted_at=None)),
    "sender": ("sender-detail", Sender.objects.filter(deleted_at=None)),
    "template": ("template-detail", Template.objects.filter(deleted_at=None)),
    "callbackprofile": (
        "callback-profile-detail",
        CallbackProfile.objects.filter(deleted_at=None),
    ),
}
# Pages that show many of them.
ROOMS = {
    "membership": "member-list",
    "invitation": "member-list",
    "apikey": "api-key-list",
    "testrecipient": "test-recipient-list",
    "account": "account-settings",
    "company": "company-detail",
    "companydocument": "company-detail",
}


@dataclass(frozen=True)
class Line:
    """One entry in words."""

    entry: AuditEntry
    who: Actor
    said: str
    kind: str
    url: str
    changes: Sequence[Change]


@dataclass
class Reader:
    """What all entries of an account need to be put in words."""

    account: Account
    found: set[tuple[str, str]] = field(default_factory=set)

    @cached_property
    def members(self) -> set[int]:
        seats = Membership.objects.filter(account=self.account)
        return set(seats.values_list("user_id", flat=True))

    @cached_property
    def names(self) -> dict[str, str]:
        """What the ids in drafts of flows stand for, as it is called today."""
        parts: list[Model] = []
        for rows in (Sender.objects, Template.objects, CallbackProfile.objects):
            parts += rows.filter(account=self.account)
        return {str(part.public_id): str(part) for part in parts}  # type: ignore[attr-defined]

    def line(self, entry: AuditEntry) -> Line:
        return Line(
            entry,
            actor_of(entry, members=self.members),
            said(entry.action),
            kind_said(entry.object_kind),
            self._url(entry),
            self.changes(entry),
        )

    def changes(self, entry: AuditEntry) -> list[Change]:
        names = self.names if entry.object_kind == "flow" else {}
        return changes(entry.before, entry.after, names=names)

    def look_for(self, entries: Iterable[AuditEntry]) -> None:
        """Which of the objects have a page: one query a kind."""
        for kind, (_, rows) in PAGES.items():
            ids = {entry.object_id for entry in entries if entry.object_kind == kind}
            if ids:
                there = rows.filter(account=self.account, public_id__in=ids)
                self.found |= {
                    (kind, str(key)) for key in there.values_list("public_id", flat=True)
                }

    def _url(self, entry: AuditEntry) -> str:
        kind, key = entry.object_kind, entry.object_id
        if kind == "execution":
            return _path("execution-detail", self.account.sid, key)
        if kind in ROOMS:
            return _path(ROOMS[kind], self.account.sid)
        return _path(PAGES[kind][0], self.account.sid, key) if (kind, key) in self.found else ""


def lines_of(account: Account, entries: Sequence[AuditEntry]) -> list[Line]:
    reader = Reader(account)
    reader.look_for(entries)
    return [reader.line(entry) for entry in entries]


def csv_of_entries(account: Account, entries: Iterable[AuditEntry]) -> Iterator[str]:
    """The header line, then one line an entry."""
    writer, reader = csv.writer(Echo()), Reader(account)
    yield writer.writerow(COLUMNS)
    for entry in entries:
        yield writer.writerow([safe(cell) for cell in _cells(entry, reader)])


def _cells(entry: AuditEntry, reader: Reader) -> tuple[object, ...]:
    who = actor_of(entry, members=reader.members)
    return (
        entry.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        who.name,
        who.email,
        entry.action,
        said(entry.action),
        kind_said(entry.object_kind),
        entry.object_label,
        entry.object_id,
        entry.ip or "",
        "\n".join(f"{c.label}: {c.before} → {c.after}" for c in reader.changes(entry)),
    )


def _path(name: str, *args: str) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
