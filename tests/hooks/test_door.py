"""What comes to a receipt door: let in, turned away, kept, counted; and what is answered."""

import logging
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows.connectors.base import Connector
from flows.engine import receive
from flows.hooks import door as doors
from flows.hooks import lookup, tally, unread
from flows.models import Connection, Receipt, UnreadHook, secret
from tests import cast

from .carrier import Carrier, path_of, told
from .carriers import Signing, signature

NOBODY = "0123456789012345678901"


@pytest.fixture
def carrier(signing: Connection) -> Carrier:
    return Carrier(signing)


@pytest.fixture
def unsigned(keyed: Connection) -> Carrier:
    return Carrier(keyed)


def counts(connection: Connection) -> tuple[int, int, int]:
    """Forged, repeated and unreadable ones."""
    connection.refresh_from_db()
    return connection.forged_hooks, connection.repeated_hooks, connection.unread_hooks


# --- What a carrier says --------------------------------------------------------------------------


def test_receipt_is_stored_raw_in_the_inbox_of_its_connection(carrier: Carrier) -> None:
    said = told("e1", "read", message_id="wamid.1")
    answer = carrier.post(said)
    assert (answer.status_code, answer.content) == (200, b"")
    receipt = Receipt.objects.get()
    assert (receipt.connection, receipt.connector) == (carrier.connection, "signing")
    assert (receipt.event_key, receipt.status, receipt.message_id) == ("e1", "read", "wamid.1")
    assert receipt.raw == {"told": [list(said[0])]}
    assert receipt.due_at is not None
    assert counts(carrier.connection) == (0, 0, 0)


def test_several_events_of_one_request_are_stored(carrier: Carrier) -> None:
    carrier.post([*told("e1", "sent"), *told("e2", "delivered"), *told("e3", "read")])
    assert Receipt.objects.count() == 3


def test_request_that_says_nothing_of_a_message_is_welcome(carrier: Carrier) -> None:
    assert carrier.post([]).status_code == 200
    assert not Receipt.objects.exists()
    assert counts(carrier.connection) == (0, 0, 0)


def test_receipt_by_get_is_read_from_the_query(unsigned: Carrier) -> None:
    answer = unsigned.get(told='[["e1", "delivered", "m1", ""]]')
    assert answer.status_code == 200
    assert Receipt.objects.get().message_id == "m1"


@pytest.mark.parametrize("below", ["", "sms", "sms/", "deep/er/still"])
def test_key_in_the_url_lets_in_whatever_stands_behind_it(unsigned: Carrier, below: str) -> None:
    assert unsigned.post(told("e1"), url=unsigned.url + below).status_code == 200
    assert Receipt.objects.count() == 1


def test_address_pasted_without_its_last_slash_works(carrier: Carrier, unsigned: Carrier) -> None:
    assert carrier.post(told("e1"), url=carrier.url.rstrip("/")).status_code == 200
    assert unsigned.post(told("e1"), url=unsigned.url.rstrip("/")).status_code == 200


def test_signed_address_is_the_one_the_carrier_was_given(carrier: Carrier) -> None:
    """Behind a proxy our own Host and scheme are others, and anybody can send any Host."""
    url = f"{carrier.url}sms?attempt=a%2Bb&to=%2B91&empty="
    answer = carrier.post(told("e1"), url=url, headers={"host": "localhost"})
    assert answer.status_code == 200


def test_account_that_is_closed_still_takes_receipts(carrier: Carrier) -> None:
    account = carrier.connection.account
    account.closed_at = timezone.now() - timedelta(days=1)
    account.save()
    assert carrier.post(told("e1")).status_code == 200
    assert Receipt.objects.count() == 1


def test_carrier_that_asks_whether_we_are_there_is_answered(carrier: Carrier) -> None:
    key = carrier.connection.hook_key
    answer = carrier.client.get(path_of(carrier.url), {"challenge": "<b>58213</b>", "key": key})
    assert (answer.status_code, answer.content) == (200, b"<b>58213</b>")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert counts(carrier.connection) == (0, 0, 0)


def test_question_with_a_wrong_key_is_a_forgery(carrier: Carrier) -> None:
    answer = carrier.client.get(path_of(carrier.url), {"challenge": "58213", "key": "wrong"})
    assert (answer.status_code, b"58213" in answer.content) == (403, False)
    assert counts(carrier.connection) == (1, 0, 0)


# --- Cheap and private ----------------------------------------------------------------------------


def test_receipt_costs_two_statements(carrier: Carrier) -> None:
    with CaptureQueriesContext(connection) as done:
        carrier.post([*told("e1"), *told("e2")])
    assert [query["sql"].split()[0] for query in done] == ["SELECT", "INSERT"]


def test_answers_are_plain_and_leave_nothing_behind(carrier: Carrier) -> None:
    answers = [
        carrier.post(told("e1")),
        carrier.post(b"{"),
        carrier.post(told("e2"), signed="wrong"),
        carrier.client.post(f"/hooks/{NOBODY}/"),
        carrier.client.put(path_of(carrier.url)),
        carrier.post(b"x" * 4096),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 404, 405, 413]
    for answer in answers:
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
        assert "Vary" not in answer
        assert len(answer.content) < 100


def test_host_is_no_concern_of_a_door(carrier: Carrier) -> None:
    """Carriers may call an address that no person uses (HOOKS_BASE_URL)."""
    assert carrier.post(told("e1"), headers={"host": "nobody-knows.example"}).status_code == 200


def test_what_lies_beside_the_doors_is_a_page_that_is_not_there(db: None) -> None:
    assert Client().get("/hooks/").status_code == 404
    assert Client().get("/hooks").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "head", "trace"])
def test_other_methods_are_refused_before_anybody_is_looked_up(
    carrier: Carrier, method: str
) -> None:
    with CaptureQueriesContext(connection) as done:
        answer = getattr(carrier.client, method)(path_of(carrier.url))
    assert (answer.status_code, answer["Allow"], len(done)) == (405, "GET, POST", 0)


# --- Who is not let in ----------------------------------------------------------------------------


@pytest.mark.parametrize("signed", ["", "wrong", "é", "0" * 64, "x" * 10_000])
def test_forged_request_changes_nothing_and_is_counted(
    carrier: Carrier, signed: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = timezone.now()
    headers = {"x-signed": signed.encode().decode("latin-1")}
    answer = carrier.post(told("e1"), signed="", headers=headers, REMOTE_ADDR="198.51.100.7")
    assert answer.status_code == 403
    assert not Receipt.objects.exists()
    assert counts(carrier.connection) == (1, 0, 0)
    assert carrier.connection.forged_hook_at is not None
    assert carrier.connection.forged_hook_at >= before
    (line,) = [line for line in caplog.records if line.message == "hook.forged"]
    assert vars(line)["connection_id"] == carrier.connection.pk
    assert vars(line)["caller"] == "198.51.100.7"


def test_altered_request_changes_nothing_and_is_counted(carrier: Carrier) -> None:
    right = signature(carrier.url, b'[["e1", "failed", "m", ""]]')
    answer = carrier.post(b'[["e1", "delivered", "m", ""]]', signed=right)
    assert answer.status_code == 403
    answer = carrier.post(b'[["e1", "failed", "m", ""]]', url=f"{carrier.url}x", signed=right)
    assert answer.status_code == 403
    assert not Receipt.objects.exists()
    assert counts(carrier.connection) == (2, 0, 0)


def test_signature_for_one_connection_opens_no_other(carrier: Carrier) -> None:
    other = cast.make_connection(cast.make_account("Globex"), "signing")
    body = b'[["e1", "delivered", "m", ""]]'
    answer = Carrier(other).post(body, signed=signature(carrier.url, body))
    assert answer.status_code == 403
    assert counts(other) == (1, 0, 0)
    assert counts(carrier.connection) == (0, 0, 0)


def test_replayed_request_changes_nothing_and_is_counted(
    carrier: Carrier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    said = [*told("e1", "sent"), *told("e2", "delivered")]
    carrier.post(said)
    stored = list(Receipt.objects.values_list())
    assert carrier.post(said).status_code == 200
    assert carrier.post([*said, *told("e3", "read")]).status_code == 200
    assert list(Receipt.objects.values_list())[:2] == stored
    assert Receipt.objects.count() == 3
    assert counts(carrier.connection) == (0, 2, 0)
    lines = [vars(line) for line in caplog.records if line.message == "hook.repeated"]
    assert [(line["events"], line["new"]) for line in lines] == [(2, 0), (3, 1)]


def test_same_event_at_two_connections_is_two_events(carrier: Carrier) -> None:
    other = cast.make_connection(cast.make_account("Globex"), "signing")
    carrier.post(told("e1"))
    Carrier(other).post(told("e1"))
    assert Receipt.objects.count() == 2


def wrong_addresses(unsigned: Carrier) -> list[str]:
    code = unsigned.connection.hook_code
    return [f"/hooks/{NOBODY}/{'k' * 32}/", f"/hooks/{code}/{'k' * 32}/", f"/hooks/{code}/"]


def test_wrong_address_and_wrong_key_cannot_be_told_apart(unsigned: Carrier) -> None:
    """The same answer after the same work: one read, as many secrets deciphered and compared."""
    assert len({repr(answer_and_work(path)) for path in wrong_addresses(unsigned)}) == 1
    assert answer_and_work(wrong_addresses(unsigned)[0])[0] == 404


def answer_and_work(path: str) -> tuple[object, ...]:
    """What a caller sees, and what was done until then."""
    with (
        mock.patch("flows.models.asset.decrypt", wraps=secret.decrypt) as deciphered,
        mock.patch.object(lookup, "_are_same", wraps=lookup._are_same) as compared,
        CaptureQueriesContext(connection) as done,
    ):
        code, *rest = path.strip("/").split("/")[1:]
        answer = doors.door(RequestFactory().post(path), code, "/".join(rest))
    work = deciphered.call_count, compared.call_count, [query["sql"][:6] for query in done]
    return answer.status_code, answer.content, sorted(answer.headers.items()), work


def test_wrong_key_is_counted_once_the_answer_is_gone(unsigned: Carrier) -> None:
    path = wrong_addresses(unsigned)[1]
    with CaptureQueriesContext(connection) as done:
        code, key = path.strip("/").split("/")[1:]
        answer = doors.door(RequestFactory().get(path), code, key)
        assert [query["sql"].split()[0] for query in done] == ["SELECT"]
    assert counts(unsigned.connection) == (0, 0, 0)
    assert answer.then
    answer.then()  # which a server calls by closing the answer
    assert counts(unsigned.connection) == (1, 0, 0)


def test_body_of_a_request_without_the_key_is_never_read(
    unsigned: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr(doors, "read_body", read)
    for path in wrong_addresses(unsigned):
        assert Client().post(path, b"x", content_type="text/plain").status_code == 404


@pytest.mark.parametrize(
    "code", ["x", "0" * 21, "0" * 23, "%00" * 22, quote("é" * 22), "..", "a b"]
)
def test_odd_addresses_are_nobodys(carrier: Carrier, code: str) -> None:
    assert Client().post(f"/hooks/{code}/").status_code == 404
    assert Client().post(f"/hooks/{code}/%00/").status_code == 404


def test_installation_without_connections_has_nothing_here(db: None) -> None:
    assert Client().post(f"/hooks/{NOBODY}/").status_code == 404


def test_carrier_without_receipts_has_no_door(keyed: Connection) -> None:
    sandbox = cast.make_connection(keyed.account, "sandbox")
    assert Client().post(f"/hooks/{sandbox.hook_code}/").status_code == 404


def test_connector_that_is_not_installed_has_no_door(carrier: Carrier, settings: Any) -> None:
    url = carrier.url
    settings.EXTRA_CONNECTORS = []
    assert Client().post(path_of(url)).status_code == 404


def test_flood_of_forgeries_is_told_to_wait_and_is_counted_together(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(doors, "WRONG_A_MINUTE", 3)
    monkeypatch.setattr(tally, "WRITES_A_MINUTE", 5)
    monkeypatch.setattr(tally, "TOGETHER", 4)
    answers = [carrier.post(told("e1"), signed="wrong") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429, 429]
    assert all(0 < int(answer["Retry-After"]) <= 60 for answer in answers[3:])
    assert counts(carrier.connection) == (5, 0, 0)
    seen = []
    for _ in range(8):
        carrier.post(told("e1"), signed="wrong")
        seen.append(counts(carrier.connection)[0])
    assert seen == [5, 5, 5, 9, 9, 9, 9, 13]
    assert [line.message for line in caplog.records].count("hook.forged") == 3


def test_forger_cannot_shut_the_door_for_the_carrier(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many customers of a carrier share its addresses."""
    monkeypatch.setattr(doors, "WRONG_A_MINUTE", 1)
    assert [carrier.post(told("e1"), signed="wrong").status_code for _ in range(3)][-1] == 429
    assert carrier.post(told("e1")).status_code == 200
    elsewhere = carrier.post(told("e1"), signed="wrong", REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 403


# --- Too much, too short --------------------------------------------------------------------------


def test_announced_length_is_looked_at_first(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    monkeypatch.setattr(Signing, "verify", lambda *a, **k: verified.append(1) or True)
    assert carrier.post(b"x" * 2049).status_code == 413
    assert not verified
    assert carrier.post(b"[" + b" " * 2046 + b"]").status_code == 200
    assert counts(carrier.connection) == (0, 0, 0)


def test_limit_is_the_carriers_and_beyond_what_forms_may_have(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(Signing, "hook_max_bytes", 3_000_000)
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE < 1_000_000
    assert carrier.post(b"[" + b" " * 2_000_000 + b"]").status_code == 200
    assert Connector.hook_max_bytes == 64 * 1024


# --- What cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b" ", b"{", b"\xff\xfe\x00", b"null", b'[["e1"]]', b"[" * 2000])
def test_garbage_is_kept_and_counted_and_not_asked_for_again(
    carrier: Carrier, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert carrier.post(body, content_type="application/x-odd; a=b").status_code == 200
    kept = UnreadHook.objects.get()
    assert (kept.connection, kept.method) == (carrier.connection, "POST")
    assert kept.body == body.replace(b"\0", b"").decode(errors="replace")
    assert kept.content_type == "application/x-odd; a=b"
    assert kept.reason
    assert counts(carrier.connection) == (0, 0, 1)
    assert not Receipt.objects.exists()
    (line,) = [line for line in caplog.records if line.message == "hook.unreadable"]
    assert vars(line)["connection_id"] == carrier.connection.pk


def test_fault_of_a_connector_loses_nothing_and_tells_only_its_kind(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(carrier.connection.config["secret"])

    monkeypatch.setattr(Signing, "parse", fail)
    assert carrier.post(told("e1")).status_code == 200
    assert UnreadHook.objects.get().reason == "It could not be read (KeyError)."


def test_fault_of_a_connector_lets_nobody_in(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Signing, "verify", lambda *a, **k: 1 / 0)
    assert carrier.post(told("e1")).status_code == 403
    assert counts(carrier.connection) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_event_that_no_database_takes_is_kept_as_unreadable(carrier: Carrier) -> None:
    assert carrier.post(told("e1", ours="not a uuid")).status_code == 200
    assert not Receipt.objects.exists()
    assert counts(carrier.connection) == (0, 0, 1)


def test_characters_that_databases_refuse_are_left_out(carrier: Carrier) -> None:
    body = rb'[["e\u00001", "sent", "m\u0000\ud800", ""], ["e2", "sent", "m", ""]]'
    assert carrier.post(body).status_code == 200
    receipt = Receipt.objects.earliest("pk")
    assert (receipt.event_key, receipt.message_id) == ("e1", "m?")
    assert receipt.raw["told"][0] == ["e1", "sent", "m?", ""]


def test_secrets_are_not_kept_however_they_are_spelled(unsigned: Carrier, carrier: Carrier) -> None:
    secret, key = carrier.connection.config["secret"], carrier.connection.hook_key
    body = f"{{{secret} {quote(secret, safe='')} {secret.replace(' ', '+')} {key}"
    carrier.post(body.encode(), url=f"{carrier.url}?k={key}")
    carrier.post(b"null")
    unsigned.post(unsigned.url.encode())
    for kept in UnreadHook.objects.all():
        written = f"{kept.query} {kept.content_type} {kept.body} {kept.reason}"
        for hidden in (secret, quote(secret), key, unsigned.connection.hook_key):
            assert hidden not in written
        assert unread.MASK in written


def test_long_body_is_clipped(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signing, "hook_max_bytes", 100_000)
    carrier.post("é".encode() * 40_000)
    assert UnreadHook.objects.get().body == "é" * unread.BODY_MOST


def test_flood_of_unreadable_ones_is_counted_but_not_kept(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "WRITES_A_MINUTE", 3)
    monkeypatch.setattr(tally, "TOGETHER", 2)
    answers = {carrier.post(b"{").status_code for _ in range(7)}
    assert (answers, UnreadHook.objects.count()) == ({200}, 3)
    assert counts(carrier.connection) == (0, 0, 7)


def test_database_that_is_busy_makes_the_carrier_come_again(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object, **__: object) -> int:
        raise OperationalError("database is locked")

    monkeypatch.setattr(receive, "receive", busy)
    answer = carrier.post(told("e1"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert not UnreadHook.objects.exists()
    assert "hook.not_stored" in [line.message for line in caplog.records]
    monkeypatch.undo()
    assert carrier.post(told("e1")).status_code == 200


def test_large_requests_are_read_a_few_at_a_time(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "LARGE", 100)
    large = told("e1", message_id="m" * 100)
    for _ in range(doors.LARGE_AT_ONCE):
        doors._large.acquire()
    try:
        answer = carrier.post(large)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert carrier.post(told("e2")).status_code == 200
        assert carrier.post(large, signed="wrong").status_code == 403
    finally:
        for _ in range(doors.LARGE_AT_ONCE):
            doors._large.release()
    for _ in range(doors.LARGE_AT_ONCE + 1):  # whoever has been read makes room, whatever it said
        assert carrier.post(b"{" * 200).status_code == 200
    assert carrier.post(large).status_code == 200
    assert Receipt.objects.count() == 2


def test_flood_of_one_connection_comes_again_later_and_closes_no_other_door(
    carrier: Carrier, unsigned: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "EVENTS_A_MINUTE", 3)
    assert carrier.post([*told("e1"), *told("e2"), *told("e3")]).status_code == 200
    answer = carrier.post(told("e4"))
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 61
    assert Receipt.objects.count() == 3
    assert unsigned.post(told("e5")).status_code == 200
    assert counts(carrier.connection) == (0, 0, 0)
    monkeypatch.undo()
    assert carrier.post(told("e4")).status_code == 200
    assert Receipt.objects.count() == 5


# --- No secret is told ----------------------------------------------------------------------------


def test_no_secret_stands_in_a_log_line(
    carrier: Carrier,
    unsigned: Carrier,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.INFO)
    for one in (carrier, unsigned):
        one.post(told("e1"))
        one.post(told("e1"))
        one.post(b"{")
        one.post(b"x" * 9000)
        one.client.put(path_of(one.url))
        for fault in (OperationalError("locked"), ZeroDivisionError()):
            monkeypatch.setattr(receive, "receive", mock.Mock(side_effect=fault))
            one.post(told("e2"))
        monkeypatch.setattr(receive, "receive", mock.Mock(return_value=1))
        monkeypatch.setattr(doors, "_knock", mock.Mock(side_effect=ZeroDivisionError))
        assert one.post(told("e3")).status_code == 500
        monkeypatch.undo()
    key, secret = unsigned.connection.hook_key, carrier.connection.config["secret"]
    written = "\n".join(f"{line.getMessage()} {vars(line)}" for line in caplog.records)
    assert "hook.unreadable" in written
    assert "hook.failed" in written
    assert key not in written
    assert secret not in written


@pytest.mark.parametrize("spelling", ["/hooks//", "/hooks///", "/hooks/%0A"])
def test_misspelled_address_is_an_unknown_one_and_its_key_in_no_log(
    unsigned: Carrier, spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = unsigned.url.replace("/hooks/", spelling)
    assert unsigned.post(told("e1"), url=url).status_code == 404
    assert not Receipt.objects.exists()
    assert "hook.unknown" in [line.message for line in caplog.records]
    written = "\n".join(f"{line.getMessage()} {vars(line)}" for line in caplog.records)
    assert unsigned.connection.hook_key not in written
