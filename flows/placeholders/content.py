"""What a template says, as a value that goes to and comes from JSON; knows no parameters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flows.placeholders.variables import Channel, find_variables

MEDIA_HEADERS = frozenset({"image", "video", "document"})
Json = Any


@dataclass(frozen=True)
class Button:
    """A button under a WhatsApp message; a dynamic `url` has a variable in its value."""

    kind: str
    text: str
    value: str = ""

    @property
    def is_dynamic(self) -> bool:
        return self.kind == "url" and bool(find_variables(self.value, channel=Channel.WHATSAPP))

    def to_json(self) -> dict[str, Json]:
        return asdict(self)

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "Button":
        return cls(kind=json["kind"], text=json["text"], value=json.get("value", ""))


@dataclass(frozen=True)
class TemplateContent:
    """What a template says. `kind`: WhatsApp text|authentication; SMS OTP|TXN|MKT|DEFAULT."""

    channel: Channel
    name: str
    kind: str
    body: str
    language: str = ""
    category: str = ""
    header_kind: str = "none"
    header_text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    dlt_template_id: str = ""
    unicode: bool = False

    @property
    def needs_media(self) -> bool:
        return self.channel is Channel.WHATSAPP and self.header_kind in MEDIA_HEADERS

    @property
    def is_authentication(self) -> bool:
        return self.channel is Channel.WHATSAPP and self.kind == "authentication"

    @property
    def has_header_variable(self) -> bool:
        return bool(self.own_header and find_variables(self.header_text, channel=self.channel))

    @property
    def has_dynamic_url(self) -> bool:
        is_whatsapp = self.channel is Channel.WHATSAPP
        return is_whatsapp and any(button.is_dynamic for button in self.buttons)

    @property
    def own_header(self) -> str:
        """The header's text, empty when the header is none or a medium."""
        is_text = self.channel is Channel.WHATSAPP and self.header_kind == "text"
        return self.header_text if is_text else ""

    def to_json(self) -> dict[str, Json]:
        return {**asdict(self), "channel": self.channel.value, "buttons": self._buttons_json()}

    def _buttons_json(self) -> list[dict[str, Json]]:
        return [button.to_json() for button in self.buttons]

    @classmethod
    def from_json(cls, json: Mapping[str, Json]) -> "TemplateContent":
        """The inverse of to_json; a missing optional field takes its default."""
        known = {name: json[name] for name in cls.__dataclass_fields__ if name in json}
        known["channel"] = Channel(json["channel"])
        known["buttons"] = tuple(Button.from_json(button) for button in json.get("buttons", ()))
        return cls(**known)
