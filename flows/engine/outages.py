"""The breakers of connections in their rows: what sends say of them, and who may try one that is
down. The rules are breaker.py's; executions and attempts are none of its business.

A batch costs one statement while all is well, and a handful when something is not, whatever its
size; a row is written only when it changes.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from flows.connectors import registry
from flows.connectors.sandbox import KEY as SANDBOX
from flows.models import Connection, letters

from . import rows
from .breaker import Breaker, Heard, Sign, heard
from .decide import decide
from .snapshots import Claimed, Sent

FIELDS = ("failures", "down_since", "probe_at", "last_error", "last_error_at")
TELL_AGAIN_AFTER = timedelta(hours=1)
PROBE_MARGIN_S = 5

log = logging.getLogger(__name__)


# --- What sends say -------------------------------------------------------------------------------


def record(sent: Sequence[Sent], *, now: datetime) -> None:
    """Change the breakers as these results want it; part of the caller's transaction."""
    by_connection = _heard(sent)
    if not by_connection:
        return
    troubled = {pk for pk, told in by_connection.items() if any(map(_matters, told))}
    among = Connection.objects.filter(pk__in=by_connection, failures__gt=0)
    troubled |= set(among.values_list("pk", flat=True))
    if not troubled:
        return
    held = Connection.objects.select_for_update(no_key=True).filter(pk__in=troubled)
    changed = [
        connection
        for connection in held.order_by("pk")
        if _change(connection, by_connection[connection.pk], now=now)
    ]
    rows.update(changed, (*FIELDS, "down_told_at"))


def _heard(sent: Iterable[Sent]) -> dict[int, list[Heard]]:
    """What was heard of each connection, in the order it came in. The Sandbox only plays its
    faults, one recipient at a time, so it is never down."""
    known = registry.load(tuple(settings.EXTRA_CONNECTORS))
    by_connection: dict[int, list[Heard]] = {}
    for one in sorted(sent, key=lambda one: one.at):
        attempt = one.attempt
        connector = known.get(attempt.connector)
        if attempt.connection_id is None or connector is None or connector.key == SANDBOX:
            continue
        what = heard(
            one.result,
            at=one.at,
            credential_codes=connector.credential_codes,
            is_probe=one.claimed.probe == attempt.connection_id,
        )
        by_connection.setdefault(attempt.connection_id, []).append(what)
    return by_connection


def _matters(told: Heard) -> bool:
    """Whether it changes even a connection that is well."""
    return bool(told.fault) or told.sign is Sign.DEAD


def _change(connection: Connection, told: Sequence[Heard], *, now: datetime) -> bool:
    before = state = breaker_of(connection)
    for what in told:
        state = state.after(what)
    for name in FIELDS:
        setattr(connection, name, getattr(state, name))
    if state.is_open and not before.is_open:
        log.warning("connection.down", extra={**_named(connection), "error": state.last_error})
    elif before.is_open and not state.is_open:
        log.info("connection.up", extra=_named(connection))
        _tell_it_is_up(connection, since=before.down_since)
    if state.is_open and state != before:
        _tell_it_is_down(connection, since=state.down_since, now=now)
    return state != before


def _named(connection: Connection) -> dict[str, object]:
    """Its key in the database, and its name in the addresses of pages."""
    return {"connection_id": connection.pk, "connection": str(connection.public_id)}


def _tell_it_is_down(connection: Connection, *, since: datetime | None, now: datetime) -> None:
    """The admins get one letter for each outage, but no two within an hour: one that began too
    soon after the last letter is told when it lasts."""
    told_at = connection.down_told_at
    is_told = told_at and since and told_at >= since
    if not is_told and (told_at is None or told_at + TELL_AGAIN_AFTER <= now):
        connection.down_told_at = now
        letters.connection_down(connection)


def _tell_it_is_up(connection: Connection, *, since: datetime | None) -> None:
    """Whoever was told of this outage is told that it is over."""
    told_at = connection.down_told_at
    if told_at and since and told_at >= since:
        letters.connection_up(connection, no_letter_before=told_at + TELL_AGAIN_AFTER)


def breaker_of(connection: Connection) -> Breaker:
    return Breaker(**{name: getattr(connection, name) for name in FIELDS})


# --- Who may try ----------------------------------------------------------------------------------


def take_probes(claimed: Sequence[Claimed], *, now: datetime) -> None:
    """Let one message through to each connection that is down and may be tried again.

    It is one that would be sent with it right now. Whoever else wants the connection, here or in
    another engine, meets the obstacle until the result is in, or until a send's time is over.
    """
    candidates = _candidates(claimed, now=now)
    if not candidates:
        return
    with transaction.atomic():
        free = Connection.objects.select_for_update(no_key=True, skip_locked=True).filter(
            pk__in=candidates, down_since__isnull=False, probe_at__lte=now
        )
        taken = list(free.order_by("pk").values_list("pk", flat=True))
        Connection.objects.filter(pk__in=taken).update(probe_at=now + _probe_lease())
    for pk in taken:
        one, step = candidates[pk]
        one.probe = pk
        one.obstacles = _without(one.obstacles, [step])


def _candidates(claimed: Sequence[Claimed], *, now: datetime) -> dict[int, tuple[Claimed, int]]:
    """For each connection to be tried, the first execution that would send with it, and where."""
    found: dict[int, tuple[Claimed, int]] = {}
    for one in claimed:
        due = {
            step: connection.pk
            for step, connection in one.down.items()
            if breaker_of(connection).may_be_tried(now) and connection.pk not in found
        }
        step = _would_send(one, due, now=now) if due else None
        if step is not None and step in due:
            found[due[step]] = one, step
    return found


def _would_send(one: Claimed, tried: Mapping[int, int], *, now: datetime) -> int | None:
    """The step that is sent now if these were usable; a row that cannot be decided sends none."""
    obstacles = one.obstacles
    try:
        one.obstacles = _without(obstacles, tried)
        return decide(one.snapshot, now).send_step
    except Exception:  # noqa: BLE001 - the turn itself finds the fault again, and says so
        return None
    finally:
        one.obstacles = obstacles


def _without(obstacles: Mapping[int, str], steps: Iterable[int]) -> dict[int, str]:
    left_out = set(steps)
    return {step: reason for step, reason in obstacles.items() if step not in left_out}


def give_back(claimed: Iterable[Claimed], *, now: datetime) -> None:
    """These were not sent after all: the next message may try instead."""
    unused = [one.probe for one in claimed if one.probe is not None]
    if unused:
        Connection.objects.filter(pk__in=unused, down_since__isnull=False).update(probe_at=now)


def _probe_lease() -> timedelta:
    """How long a probe may take: a little more than a carrier may."""
    return timedelta(seconds=float(settings.ENGINE_LEASE_S) / 2 + PROBE_MARGIN_S)
