"""What an endpoint's answer means, and what to do about it, in words. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tip:
    title: str
    advice: str = ""
    is_fine: bool = False


_BY_STATUS = {
    400: Tip(
        "The endpoint could not read it",
        "Compare the body below with what your code expects: the bare result, or one of the "
        "other bodies of this profile.",
    ),
    401: Tip(
        "The endpoint wants to know who is calling",
        "Check the basic authentication or the header that carries your key. If your code checks "
        "the signature, check that it has this profile's secret and reads the body as it came.",
    ),
    404: Tip("Nothing is at this address", "Check the path of the endpoint URL."),
    405: Tip("The address does not take POST", "Let your code accept the method POST there."),
    408: Tip(
        "The endpoint gave up waiting", "Look at what stands in front of it: proxy or firewall."
    ),
    410: Tip(
        "The endpoint wants no more callbacks",
        "A result that is answered with 410 disables the profile. Answer 2xx to go on.",
    ),
    413: Tip("The body is too large for the endpoint", "Allow bodies of 64 KiB."),
    415: Tip(
        "The endpoint wants another content type",
        "Callbacks are application/json. Let your code accept that.",
    ),
    429: Tip("The endpoint gets too many calls", "Raise its limit for this address."),
}
_BY_ERROR = (
    (
        "the URL is not valid",
        Tip("The endpoint URL cannot be used", "Correct the URL of the profile."),
    ),
    (
        "no connection within",
        Tip(
            "No connection came about in time",
            "A firewall may drop it. Let your network accept connections from this server.",
        ),
    ),
    (
        "the address is not on the public internet",
        Tip(
            "The address is private, so nothing was sent",
            "Use an address that is reachable from the internet. Whoever runs this installation "
            "can allow private addresses with CALLBACK_ALLOW_PRIVATE.",
        ),
    ),
    (
        "the host name cannot be found",
        Tip("The host name cannot be found", "Check its spelling and its DNS entry."),
    ),
    (
        "the secure connection",
        Tip(
            "The secure connection could not be set up",
            "Check the certificate: it must be valid, for this host name, and sent with its "
            "intermediate certificates.",
        ),
    ),
    (
        "the connection was refused",
        Tip("Nothing listens there", "Start your service, and check host and port of the URL."),
    ),
    (
        "no answer within",
        Tip(
            "No answer came in time",
            "Answer 2xx as soon as the body is stored, and do the work after that.",
        ),
    ),
    (
        "the connection broke",
        Tip(
            "The connection broke before the answer",
            "Look into the log of your service or of the proxy in front of it.",
        ),
    ),
    (
        "could not be posted",
        Tip("It could not be sent", "Check the headers and the body template of this profile."),
    ),
)


def tip_for(status_code: int | None, error: str) -> Tip:
    """`error` is that of a try (flows.engine.callbacks)."""
    if status_code is None:
        found = (tip for start, tip in _BY_ERROR if error.startswith(start))
        return next(found, Tip("No answer came", error))
    if 200 <= status_code < 300:
        return Tip("The endpoint took it", is_fine=True)
    if 300 <= status_code < 400:
        return Tip(
            "The endpoint sends callers elsewhere",
            "Redirects are not followed. Enter the address it redirects to.",
        )
    if status_code == 403:
        return _BY_STATUS[401]
    if status_code >= 500:
        return Tip("The endpoint failed", "Look into the log of your service at this time.")
    other = Tip("The endpoint refused it", "Look into its answer and its log.")
    return _BY_STATUS.get(status_code, other)
