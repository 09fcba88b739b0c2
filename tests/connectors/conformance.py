"""What every connector must keep to, as one abstract class of tests; it knows no carrier.

A subclass names its connector and the fake of its carrier, and is collected by pytest then:

    class TestKaleyra(ConnectorConformance):
        connector = KALEYRA
        fake_class = FakeKaleyra
        refusal, failure = "E13001", "INV-NUMBER"
"""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import FrozenInstanceError, replace
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import (
    Accepted,
    Answer,
    AnswerLost,
    CarrierFault,
    ConnectionView,
    Connector,
    ErrorClass,
    Hook,
    NotReached,
    NotTaken,
    OutboundMessage,
    ReceiptEvent,
    ReceiptStatus,
    Refused,
    SendResult,
    Unknown,
    Unreadable,
)
from flows.placeholders import Channel, TemplateContent, resolve
from tests.connectors.altering import altered, altered_bodies, altered_urls, header_texts, jsons
from tests.connectors.staging import (
    CONTENTS,
    DOOR,
    HOOK_KEY,
    RECIPIENT,
    SENDERS,
    Canned,
    awaited,
    do,
    fits,
    hook_of,
    is_clause,
    is_sentence,
)
from tests.fakes import acts
from tests.fakes.server import FakeCarrier, Taken
from tests.serving import free_port

RANK = (ReceiptStatus.SENT, ReceiptStatus.DELIVERED, ReceiptStatus.READ, ReceiptStatus.FAILED)
Test = TypeVar("Test", bound=Callable[..., None])


def needs(*names: str) -> Callable[[Test], Test]:
    """The test is only for connectors that have all of these: world, hooks, checks, polls, lists,
    signature."""

    def mark(test: Test) -> Test:
        test.needs = names  # type: ignore[attr-defined]
        return test

    return mark


def tried_with(**strategies: st.SearchStrategy[Any]) -> Callable[[Test], Test]:
    """As hypothesis' given, but for each subclass by itself: they must not share a state."""

    def mark(test: Test) -> Test:
        test.tried_with = strategies  # type: ignore[attr-defined]
        return test

    return mark


class ConnectorConformance:
    """The tests; a subclass says which connector, with which fake."""

    __test__ = False
    connector: ClassVar[Connector]
    fake_class: ClassVar[type[FakeCarrier] | None] = None  # None: there is no outside world
    refusal: ClassVar[str] = ""  # a code with which the carrier refuses a message at once
    failure: ClassVar[str] = ""  # a code with which it reports that a message has failed
    signs: ClassVar[frozenset[str]] = frozenset({"body"})  # what a signature covers: body, url
    sender_id: ClassVar[str] = ""
    senders: ClassVar[Mapping[Channel, str]] = SENDERS
    contents: ClassVar[Mapping[Channel, TemplateContent]] = CONTENTS

    def __init_subclass__(cls) -> None:
        """Collected by pytest, but for the tests of what this connector does not declare."""
        cls.__test__ = True
        connector = cls.connector
        has = {
            "world": cls.fake_class is not None,
            "hooks": connector.has_hooks,
            "signature": connector.has_hooks and not connector.has_key_in_url,
            "checks": connector.checks,
            "polls": connector.polls,
            "lists": connector.lists_templates or connector.lists_senders,
        }
        for name in dir(cls):
            test = getattr(cls, name)
            if not all(has[need] for need in getattr(test, "needs", ())):
                setattr(cls, name, None)
            elif strategies := getattr(test, "tried_with", None):
                setattr(cls, name, given(**strategies)(test))

    # --- What the tests stand on ---

    @pytest.fixture
    def fake(self) -> Iterator[FakeCarrier]:
        with self.carrier(webhook_url=self.receipt_url()) as fake:
            fake.usual = acts.Silent()  # nobody listens: the tests ask for receipts themselves
            yield fake
            assert fake.complaints == []
            assert fake.twice == []

    @property
    def still_fake(self) -> FakeCarrier:
        """A fake that only makes receipts."""
        return self.carrier(webhook_url=self.receipt_url())

    def receipt_url(self, key: str = HOOK_KEY) -> str:
        return f"{DOOR}{key}/" if self.connector.has_key_in_url else DOOR

    def connection(self, base_url: str = "http://127.0.0.1:9") -> ConnectionView:
        return ConnectionView(
            config=dict(self.fake_class.config) if self.fake_class else {},
            base_url=base_url,
            receipt_url=self.receipt_url(),
            hook_key=HOOK_KEY,
        )

    def strangers(self, base_url: str = "http://127.0.0.1:9") -> ConnectionView:
        """A connection with other secrets."""
        mine = self.connection(base_url)
        secret = {field.name for field in self.connector.config_fields if field.is_secret}
        config = {
            name: f"{value[:-4]}0000" if name in secret else value
            for name, value in mine.config.items()
        }
        key = "the-key-of-another-door"
        return replace(mine, config=config, hook_key=key, receipt_url=self.receipt_url(key))

    def secrets(self) -> list[str]:
        view = self.connection()
        fields = [field.name for field in self.connector.config_fields if field.is_secret]
        return [view.config[name] for name in fields if name in view.config] + [HOOK_KEY]

    def message(self, channel: Channel | None = None, **fields: Any) -> OutboundMessage:
        channel = channel or min(self.connector.channels)
        content = self.contents[channel]
        return OutboundMessage(
            **{
                "client_message_id": str(uuid4()),
                "channel": channel,
                "sender": self.senders[channel],
                "sender_id": self.sender_id,
                "recipient": RECIPIENT,
                "content": content,
                "resolved": resolve(content, {"1": "Asha", "2": "58213"}),
                "dlt_entity_id": "1001234567890123456",
                **fields,
            }
        )

    @property
    def carrier(self) -> type[FakeCarrier]:
        assert self.fake_class, "this test needs a fake"
        return self.fake_class

    def send(self, url: str, message: OutboundMessage | None = None, **fields: Any) -> SendResult:
        connection = replace(self.connection(url), **fields)
        return do(
            lambda web: self.connector.send(
                message or self.message(), connection=connection, http=web
            )
        )

    def taken(self, **fields: Any) -> Taken:
        return Taken(
            **{
                "recipient": RECIPIENT,
                "client_message_id": str(uuid4()),
                "message_id": "a1b2c3d4-0000-4000-8000-000000000001:1",
                "channel": min(self.connector.channels).value,
                "webhook_url": self.receipt_url(),
                **fields,
            }
        )

    def genuine(self) -> Hook:
        """A hook that says that a message was delivered."""
        connection = self.connection()
        message_id = "a1b2c3d4-0000-4000-8000-000000000001"
        return hook_of(self.connector.example(message_id=message_id, connection=connection))

    def verified(self, hook: Hook, connection: ConnectionView | None = None) -> bool:
        return self.connector.verify(hook, connection=connection or self.connection())

    def parsed(self, hook: Hook) -> Sequence[ReceiptEvent]:
        return self.connector.parse(hook, connection=self.connection())

    # --- What it declares ---

    def test_names_itself(self) -> None:
        key, label = self.connector.key, self.connector.label
        assert key == key.lower() and key.replace("_", "").isalnum() and len(key) <= 40
        assert label.strip() == label != ""
        assert is_sentence(self.connector.summary)
        assert self.connector.channels and set(self.connector.channels) <= set(Channel)
        assert set(self.connector.reports) <= set(ReceiptStatus)
        assert 0 < self.connector.hook_max_bytes <= 5_000_000

    def test_fields_are_well_formed(self) -> None:
        fields = self.connector.config_fields
        names = [field.name for field in fields]
        assert len(set(names)) == len(names)
        for field in fields:
            assert field.name.isidentifier() and field.name == field.name.lower()
            assert field.label[:1].isupper() and not field.label.endswith((".", ":"))
            assert field.help == "" or is_sentence(field.help)
            assert bool(field.pattern) == bool(field.fault), f"{field.name}: a pattern has a fault"
            assert field.fault == "" or is_sentence(field.fault)
            values = [choice.value for choice in field.choices]
            assert len(set(values)) == len(values)
            assert all(choice.label for choice in field.choices)
            if field.choices and (field.default or field.is_required):
                assert field.default in values
            assert not (field.is_secret and (field.default or field.choices))

    @needs("world")
    def test_what_the_fake_wants_is_what_the_fields_allow(self) -> None:
        fields = {field.name: field for field in self.connector.config_fields}
        given_ = self.carrier.config
        assert set(given_) <= set(fields)
        for name, field in fields.items():
            assert fits(field, given_.get(name, field.default)), name
        assert self.carrier.key == self.connector.key
        assert all(len(secret) >= 8 for secret in self.secrets())
        assert self.connector.has_hooks == bool(self.carrier.statuses)

    def test_every_code_says_what_happened_and_what_to_do(self) -> None:
        for name, code in self.connector.codes.items():
            assert isinstance(code.error_class, ErrorClass)
            assert name == name.strip() != "" and len(name) <= 60
            assert is_clause(code.sentence), (name, code.sentence)
            assert is_sentence(code.what_to_do), (name, code.what_to_do)

    @needs("hooks")
    def test_says_in_words_where_the_receipt_url_goes(self) -> None:
        assert all(map(is_sentence, self.connector.receipt_help.split("\n\n")))
        assert ReceiptStatus.DELIVERED in self.connector.reports

    # --- Sending ---

    @needs("world")
    def test_takes_a_message_of_each_channel(self, fake: FakeCarrier) -> None:
        for channel in sorted(self.connector.channels):
            message = self.message(channel)
            result = self.send(fake.url, message)
            assert isinstance(result, Accepted), result
            assert result.message_id and len(result.message_id) <= 200
            taken = fake.taken[-1]
            assert (taken.recipient, taken.channel) == (RECIPIENT, channel.value)
            assert taken.client_message_id == message.client_message_id
            assert [part for part in (*taken.params, taken.text) if "58213" in part]
            json.dumps(result.raw)

    @needs("world")
    @pytest.mark.parametrize(
        ("act", "kind", "error_class", "count"),
        [
            (acts.TooMany(9, retry_after_s=7), NotTaken, ErrorClass.THROTTLED, 0),
            (acts.Broken(503), NotTaken, ErrorClass.CARRIER_DOWN, 0),
            (acts.Broken(500), Unknown, None, 0),
            (acts.Broken(502, taken=True), Unknown, None, 1),
            (acts.Broken(200, taken=True), Unknown, None, 1),
            (acts.Broken(200, taken=True, body="[]"), Unknown, None, 1),
            (acts.Broken(200, taken=True, body="null"), Unknown, None, 1),
            (acts.Broken(302), Unknown, None, 0),
            (acts.Hang(20), Unknown, None, 1),
            (acts.Drop(), Unknown, None, 1),
            (acts.Drop(taken=False), Unknown, None, 0),
        ],
        ids=lambda value: repr(value) if isinstance(value, acts.Broken | acts.Drop) else None,
    )
    def test_says_of_a_failing_carrier_only_what_is_certain(
        self,
        fake: FakeCarrier,
        act: acts.Act,
        kind: type[SendResult],
        error_class: ErrorClass | None,
        count: int,
    ) -> None:
        fake.play(RECIPIENT, act)
        result = self.send(fake.url)
        assert type(result) is kind, result
        assert not isinstance(result, Accepted)
        assert is_clause(result.reason)
        assert len(fake.taken) == count
        assert len(fake.asked) == 1, "a connector asks once: the engine decides about another try"
        if isinstance(result, NotTaken):
            assert result.error_class is error_class
            assert result.retry_after_s == (7 if isinstance(act, acts.TooMany) else None)

    @needs("world")
    def test_refusal_is_final_and_in_words(self, fake: FakeCarrier) -> None:
        fake.play(RECIPIENT, acts.Refuse(self.refusal))
        result = self.send(fake.url)
        assert isinstance(result, Refused), result
        assert result.code == self.refusal
        known = self.connector.codes[self.refusal]
        assert (result.error_class, result.reason) == (known.error_class, known.sentence)
        assert result.raw is not None
        json.dumps(result.raw)
        assert fake.taken == []

    @needs("world")
    def test_code_that_nobody_knows_is_kept(self, fake: FakeCarrier) -> None:
        unknown = "987654" if self.refusal.isdigit() else "XX-987654"
        fake.play(RECIPIENT, acts.Refuse(unknown))
        result = self.send(fake.url)
        assert isinstance(result, Refused), result
        assert (result.code, result.error_class) == (unknown, ErrorClass.UNKNOWN)
        assert unknown in result.reason and is_clause(result.reason)

    @needs("world")
    def test_carrier_that_is_not_there_took_nothing(self) -> None:
        result = self.send(f"http://127.0.0.1:{free_port()}")
        assert isinstance(result, NotTaken), result
        assert result.error_class is ErrorClass.CARRIER_DOWN
        assert is_clause(result.reason)

    @needs("world")
    def test_wrong_credentials_are_a_refusal_that_the_breaker_counts(
        self, fake: FakeCarrier
    ) -> None:
        result = self.send(fake.url, config=self.strangers().config)
        assert isinstance(result, Refused), result
        assert result.error_class is ErrorClass.BLOCKED
        assert result.code in self.connector.credential_codes
        assert is_clause(result.reason)
        assert fake.taken == []

    @needs("world")
    def test_results_are_frozen(self, fake: FakeCarrier) -> None:
        fake.play(RECIPIENT, acts.Silent(), acts.Refuse(self.refusal), acts.TooMany())
        for result in (self.send(fake.url), self.send(fake.url), self.send(fake.url)):
            with pytest.raises(FrozenInstanceError):
                result.reason = "another"  # type: ignore[misc, union-attr]

    @needs("world")
    @tried_with(
        status=st.sampled_from([200, 201, 202, 204, 301, 400, 401, 403, 404, 422, 429, 500, 503]),
        body=st.binary(max_size=60) | jsons.map(lambda value: json.dumps(value).encode()),
    )
    def test_any_answer_is_understood_or_unknown(self, status: int, body: bytes) -> None:
        web = Canned(Answer(status, {"Content-Type": "application/json"}, body))
        result = asyncio.run(
            self.connector.send(self.message(), connection=self.connection(), http=web)
        )
        assert isinstance(result, Accepted | Refused | NotTaken | Unknown)
        if isinstance(result, Accepted):
            assert 200 <= status < 300 and result.message_id
        else:
            assert is_clause(result.reason)
        if status in (301, 500):
            assert isinstance(result, Unknown)

    # --- Receipts ---

    @needs("world", "hooks")
    def test_receipt_of_a_message_names_it(self, fake: FakeCarrier) -> None:
        for channel in sorted(self.connector.channels):
            message = self.message(channel)
            result = self.send(fake.url, message)
            assert isinstance(result, Accepted)
            hook = hook_of(fake.receipt(fake.taken[-1], "delivered"))
            assert self.verified(hook)
            (event,) = self.parsed(hook)
            assert event.status is ReceiptStatus.DELIVERED
            assert event.message_id in ("", result.message_id)
            assert event.client_message_id in ("", message.client_message_id)
            assert event.client_message_id, "a receipt before the answer could not be matched"
            assert event.carrier_at is None or event.carrier_at.tzinfo

    @needs("world", "hooks")
    def test_receipts_say_what_happened(self) -> None:
        fake, message = self.still_fake, self.taken()
        for status in RANK:
            if status.value not in self.carrier.statuses:
                continue
            code = self.failure if status is ReceiptStatus.FAILED else ""
            hook = hook_of(fake.receipt(message, status.value, code))
            assert self.verified(hook)
            (event,) = self.parsed(hook)
            assert event.status is status
            assert status in self.connector.reports
            if code:
                known = self.connector.codes[code]
                assert (event.error_code, event.error_class) == (code, known.error_class)
                assert event.reason == known.sentence

    @needs("world", "hooks")
    def test_the_same_event_has_the_same_key_and_no_other(self) -> None:
        fake = self.still_fake
        keys: list[str] = []
        for message_id, status in itertools.product(("id-one:1", "id-two:1"), RANK):
            if status.value not in self.carrier.statuses:
                continue
            code = self.failure if status is ReceiptStatus.FAILED else ""
            hook = hook_of(fake.receipt(self.taken(message_id=message_id), status.value, code))
            first, again = self.parsed(hook), self.parsed(hook)
            assert [event.event_key for event in first] == [event.event_key for event in again]
            keys += [event.event_key for event in first]
        assert len(set(keys)) == len(keys) > 1
        assert all(0 < len(key) <= 200 for key in keys)

    @needs("hooks")
    def test_example_is_a_delivered_receipt(self) -> None:
        connection = self.connection()
        name = f"self-test-{uuid4().hex}"
        example = self.connector.example(message_id=name, connection=connection)
        assert example.url.startswith(connection.receipt_url)
        hook = hook_of(example)
        assert self.verified(hook)
        (event,) = self.parsed(hook)
        assert (event.message_id, event.status) == (name, ReceiptStatus.DELIVERED)

    @needs("hooks")
    def test_our_own_hook_is_no_handshake(self) -> None:
        hook = self.genuine()
        assert self.connector.handshake(hook, connection=self.connection()) is None

    # --- Who may say it ---

    @needs("hooks")
    def test_another_connections_secret_does_not_open_the_door(self) -> None:
        hook = self.genuine()
        assert self.verified(hook)
        assert not self.verified(hook, self.strangers())

    @needs("hooks")
    def test_altered_hook_is_refused(self) -> None:
        hook = self.genuine()
        if "body" in self.signs:
            assert not self.verified(replace(hook, body=altered(hook.body)))
            assert not self.verified(replace(hook, body=b""))
        if "url" in self.signs:
            assert not self.verified(replace(hook, url=f"{hook.url}?more=1"))
        if self.connector.has_key_in_url:
            assert not self.verified(replace(hook, rest=""))
            assert not self.verified(replace(hook, rest=f"x{hook.rest}"))
            assert not self.verified(replace(hook, rest=hook.rest[:-1]))

    @needs("signature")
    def test_hook_without_or_with_a_wrong_signature_is_refused(self) -> None:
        hook = self.genuine()
        assert not self.verified(replace(hook, headers={}))
        signed = [name for name in hook.headers if "signature" in name]
        assert signed, "no header looks like a signature"
        for name in signed:
            for value in ("", "x", "sha256=", hook.headers[name][:-2], f"{hook.headers[name]}a"):
                altered = {**hook.headers, name: value}
                assert not self.verified(replace(hook, headers=altered)), value

    @needs("hooks")
    @tried_with(data=st.data())
    def test_verify_never_raises_and_believes_nothing_made_up(self, data: st.DataObject) -> None:
        genuine = self.genuine()
        names = st.sampled_from(sorted({*genuine.headers, "content-type", "x-other"}))
        hook = Hook(
            method=data.draw(st.sampled_from(["GET", "POST", "PUT", ""])),
            url=data.draw(st.just(genuine.url) | st.text(max_size=60)),
            rest=data.draw(st.text(max_size=60)),
            headers=data.draw(st.dictionaries(names, header_texts)),
            body=data.draw(st.just(genuine.body) | st.binary(max_size=80)),
        )
        connection = data.draw(st.sampled_from([self.connection(), ConnectionView()]))
        assert self.verified(hook, connection) is False

    @needs("hooks")
    @tried_with(data=st.data())
    def test_parse_raises_nothing_but_unreadable(self, data: st.DataObject) -> None:
        genuine = self.genuine()
        hook = replace(
            genuine,
            method=data.draw(st.sampled_from(["GET", "POST"])),
            url=data.draw(st.just(genuine.url) | altered_urls(genuine.url)),
            body=data.draw(altered_bodies(genuine)),
            headers=data.draw(
                st.just(genuine.headers)
                | st.sampled_from(
                    ["application/json", "application/x-www-form-urlencoded", ""]
                ).map(lambda kind: {**genuine.headers, "content-type": kind})
            ),
        )
        try:
            events = self.parsed(hook)
            self.connector.handshake(hook, connection=self.connection())
        except Unreadable as unreadable:
            assert is_sentence(str(unreadable))
            return
        for event in events:
            assert 0 < len(event.event_key) <= 200
            assert event.message_id or event.client_message_id
            assert isinstance(event.status, ReceiptStatus)
            assert event.carrier_at is None or event.carrier_at.tzinfo
            json.dumps(event.raw)

    # --- Questions ---

    @needs("world", "checks")
    def test_credentials_are_checked(self, fake: FakeCarrier) -> None:
        good, bad = self.connection(fake.url), self.strangers(fake.url)
        said = do(lambda web: self.connector.check(connection=good, http=web))
        assert is_sentence(said)
        with pytest.raises(CarrierFault) as caught:
            do(lambda web: self.connector.check(connection=bad, http=web))
        assert is_sentence(str(caught.value))
        assert caught.value.error_class is ErrorClass.BLOCKED

    @needs("world", "polls")
    def test_polled_message_is_as_if_it_had_been_reported(self, fake: FakeCarrier) -> None:
        result = self.send(fake.url)
        assert isinstance(result, Accepted)
        (taken,) = fake.taken
        fake.state[taken.message_id] = ("delivered", "")
        good, bad = self.connection(fake.url), self.strangers(fake.url)
        (event,) = do(lambda web: self.connector.poll(result.message_id, connection=good, http=web))
        assert (event.message_id, event.status) == (result.message_id, ReceiptStatus.DELIVERED)
        assert 0 < len(event.event_key) <= 200
        with pytest.raises(CarrierFault):
            do(lambda web: self.connector.poll(result.message_id, connection=bad, http=web))

    @needs("world", "lists")
    def test_lists_are_given_or_refused_in_words(self, fake: FakeCarrier) -> None:
        good, bad = self.connection(fake.url), self.strangers(fake.url)
        asked: list[Callable[..., Awaitable[Sequence[object]]]] = []
        asked += [self.connector.list_templates] if self.connector.lists_templates else []
        asked += [self.connector.list_senders] if self.connector.lists_senders else []
        for ask in asked:
            assert do(lambda web, ask=ask: ask(connection=good, http=web))  # type: ignore[misc]
            with pytest.raises(CarrierFault) as caught:
                do(lambda web, ask=ask: ask(connection=bad, http=web))  # type: ignore[misc]
            assert is_sentence(str(caught.value))

    @needs("world")
    @tried_with(
        answer=st.builds(
            Answer,
            st.sampled_from([200, 202, 301, 400, 401, 404, 429, 500]),
            st.just({}),
            st.binary(max_size=40) | jsons.map(lambda value: json.dumps(value).encode()),
        )
        | st.sampled_from([NotReached("the connection was refused"), AnswerLost("it broke")])
    )
    def test_questions_fail_only_as_a_carrier_fault(self, answer: Answer | Exception) -> None:
        connector, view, web = self.connector, self.connection(), Canned(answer)
        questions: list[Callable[[], Awaitable[object]]] = []
        if connector.checks:
            questions.append(lambda: connector.check(connection=view, http=web))
        if connector.polls:
            questions.append(lambda: connector.poll("abc", connection=view, http=web))
        if connector.lists_templates:
            questions.append(lambda: connector.list_templates(connection=view, http=web))
        if connector.lists_senders:
            questions.append(lambda: connector.list_senders(connection=view, http=web))
        for question in questions:
            try:
                asyncio.run(awaited(question))
            except CarrierFault as fault:
                assert is_sentence(str(fault))

    # --- Secrets ---

    @needs("world")
    def test_secrets_stay_inside(self, fake: FakeCarrier) -> None:
        secrets = self.secrets()
        shown = [repr(self.connection(fake.url)), str(self.connection(fake.url))]
        script = (
            acts.Silent(), acts.Refuse(self.refusal), acts.TooMany(), acts.Broken(500),
            acts.Broken(200, body="<html>"), acts.Broken(302), acts.Drop(), acts.Hang(9),
        )  # fmt: skip
        fake.play(RECIPIENT, *script)
        shown += [repr(self.send(fake.url)) for _ in script]
        shown.append(repr(self.send(fake.url, config=self.strangers().config)))
        shown.append(repr(self.send("http://127.0.0.1:9")))
        for view in (self.strangers(fake.url), self.connection("http://127.0.0.1:9")):
            if self.connector.checks:
                with pytest.raises(CarrierFault) as caught:
                    do(lambda web, view=view: self.connector.check(connection=view, http=web))  # type: ignore[misc]
                shown.append(repr(caught.value))
        if self.connector.has_hooks:
            shown.append(repr(self.parsed(self.genuine())))
        secrets += [self.strangers().config.get(f.name, "") for f in self.connector.config_fields
                    if f.is_secret and f.name in self.strangers().config]  # fmt: skip
        for secret in secrets:
            assert not [text for text in shown if secret in text], "a secret is shown"
