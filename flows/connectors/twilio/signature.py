"""How Twilio signs its requests; https://www.twilio.com/docs/usage/webhooks/webhooks-security.

Pure: knows no connection and no clock.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

HEADER = "x-twilio-signature"
_BODY_HASH = "bodySHA256"  # in the query of a request whose body is not a form
_PORTS = {"https": 443, "http": 80}


def sign(token: str, url: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """The signature of a request to this URL with these form fields, however often repeated."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(pairs)))
    made = hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1)
    return base64.b64encode(made.digest()).decode()


def is_signed(signature: str, *, token: str, url: str, pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether it is Twilio's signature of this; compares in constant time.

    Twilio signs the URL as it was given it, but with or without the port, as it sees fit.
    """
    given, pairs = signature.encode("utf-8", "surrogatepass"), list(pairs)
    fits = [
        hmac.compare_digest(sign(token, spelling, pairs).encode(), given)
        for spelling in _spellings(url)
    ]
    return bool(token) and any(fits)


def body_hash(url: str) -> str | None:
    """The SHA-256 of the body as the URL names it, in hex; None: the body is a form."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get(_BODY_HASH)


def is_hash_of(body: bytes, digest: str) -> bool:
    made = hashlib.sha256(body).hexdigest()
    return hmac.compare_digest(made.encode(), digest.encode("utf-8", "surrogatepass"))


def _spellings(url: str) -> list[str]:
    """The URL as it is, without its port, and with the port that its scheme has."""
    scheme, _, rest = url.partition("://")
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    host, after = rest[:end], rest[end:]
    bare, colon, port = host.rpartition(":")
    bare = bare if colon and port.isdigit() else host
    found = [url, f"{scheme}://{bare}{after}"]
    if scheme in _PORTS:
        found.append(f"{scheme}://{bare}:{_PORTS[scheme]}{after}")
    return list(dict.fromkeys(found))
