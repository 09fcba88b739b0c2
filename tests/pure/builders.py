"""Templates, catalogs and definitions for the pure tests; no database, no test in here."""

from hypothesis import strategies as st

from flows.definition import Catalog, Definition, PinnedStep, SenderFacts, Step, TemplateFacts
from flows.placeholders import Button, Channel, TemplateContent

WHATSAPP, SMS = Channel.WHATSAPP, Channel.SMS
RECIPIENT = "918061234581"


def whatsapp(body: str = "Hi {{1}}", kind: str = "text", **more: object) -> TemplateContent:
    return TemplateContent(WHATSAPP, "order_update", kind, body, **more)  # type: ignore[arg-type]


def sms(body: str = "Hi {#var#}", kind: str = "TXN", **more: object) -> TemplateContent:
    return TemplateContent(SMS, "order", kind, body, **more)  # type: ignore[arg-type]


def authentication() -> TemplateContent:
    return whatsapp("{{1}} is your verification code.", "authentication")


def with_header_and_url() -> TemplateContent:
    link = Button("url", "Track", "https://shop.example/{{1}}")
    return whatsapp("Hi {{1}}", header_kind="text", header_text="About {{1}}", buttons=(link,))


def pinned(content: TemplateContent, wait_s: int = 60) -> PinnedStep:
    return PinnedStep(
        channel=content.channel,
        sender="sender",
        sender_identifier="SHOP",
        connection="connection",
        template="template",
        content=content,
        media_url="",
        wait_s=wait_s,
        counts_as="delivered",
    )


def sender(public_id: str, channel: Channel = WHATSAPP, **more: str) -> SenderFacts:
    facts = {"identifier": "918047182200", "generation": "V1", "status": "approved"}
    facts |= {"label": f"Shop {public_id}", "connection": "sandbox", **more}
    return SenderFacts(id=public_id, channel=channel, **facts)


def template(public_id: str, content: TemplateContent, status: str = "approved") -> TemplateFacts:
    return TemplateFacts(public_id, content, status, f"Template {public_id}")


CATALOG = Catalog(
    senders={
        "wa": sender("wa"),
        "wa2": sender("wa2"),
        "v2": sender("v2", generation="V2"),
        "waiting": sender("waiting", status="pending"),
        "sms": sender("sms", SMS, generation=""),
    },
    templates={
        "wa": template("wa", whatsapp()),
        "wa2": template("wa2", whatsapp("Hello {{1}}")),
        "otp": template("otp", authentication()),
        "image": template("image", whatsapp(header_kind="image")),
        "carousel": template("carousel", whatsapp(kind="carousel")),
        "paused": template("paused", whatsapp(), "paused"),
        "sms": template("sms", sms()),
    },
    callback_profiles={"IN_1": "Order system"},
)
WA_STEP = Step(WHATSAPP, "wa", "wa", "", 60)
SMS_STEP = Step(SMS, "sms", "sms", "", 120)
COMPLETE = Definition("Order update", "IN_1", (WA_STEP, SMS_STEP))

# Text of every kind, not only letters: what people paste and what attackers send.
texts = st.text(st.characters(codec=None), max_size=80)
bodies = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(["{#var#}", "{{1}}", "{{$2}}", "{{name}}", "{otp}", "{1}", "{", "}", "{{"]),
    ),
    max_size=8,
).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
