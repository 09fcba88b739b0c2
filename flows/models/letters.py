"""What the product writes to people by email: plain text, short, one link; see mail.py."""

from datetime import datetime

from django.conf import settings

from .account import REOPEN_DAYS, Account
from .asset import Connection
from .flow import Flow
from .mail import post
from .people import Invitation, Membership, Role, User
from .review import Decision, Review


def admins_of(account: Account) -> list[str]:
    """Addresses of the account's admins who can sign in."""
    admins = Membership.objects.filter(account=account, role=Role.ADMIN, user__is_active=True)
    return list(admins.values_list("user__email", flat=True))


def link(path: str) -> str:
    """The address of a page, as somebody outside this installation must write it."""
    return f"{settings.PUBLIC_BASE_URL}{path}"


def review_decided(review: Review, label: str) -> None:
    approved = review.decision == Decision.APPROVED
    verdict = "approved" if approved else "rejected"
    subject = f"{review.get_kind_display()} {verdict}: {label}"
    lines = [f"{review.get_kind_display()} “{label}” of {review.account.name} was {verdict}."]
    if review.reason:
        lines.append(f"Reason: {review.reason}")
    lines.append(f"See what is next: {link(f'/a/{review.account.sid}/')}")
    asker = [review.asked_by.email] if review.asked_by else []
    post([*admins_of(review.account), *asker], subject=subject, text="\n\n".join(lines))


def invited(invitation: Invitation, path: str, *, by: User) -> None:
    """The only place where the link stands besides the page that shows it once."""
    account, role = invitation.account, invitation.get_role_display().lower()
    until = invitation.expires_at.strftime("%-d %B %Y, %H:%M UTC")
    lines = [
        f"{by} invites you to {account.name} on Fallback, as {role}.",
        f"Open this link to accept. It works once, until {until}:",
        link(path),
        "If you did not expect this, you need not do anything.",
    ]
    post([invitation.email], subject=f"Join {account.name} on Fallback", text="\n\n".join(lines))


def invitation_accepted(invitation: Invitation) -> None:
    """To who invited: a new person has come in, and under which address."""
    account, host, guest = invitation.account, invitation.invited_by, invitation.accepted_by
    if host is None or guest is None or not _belongs(host, account):
        return
    role = invitation.get_role_display().lower()
    invited_as = "" if guest.email == invitation.email else f" (you invited {invitation.email})"
    lines = [
        f"{guest} <{guest.email}>{invited_as} is in {account.name} now, as {role}.",
        f"See everybody in the account: {link(f'/a/{account.sid}/members/')}",
    ]
    post([host.email], subject=f"{guest} joined {account.name}", text="\n\n".join(lines))


def publication_asked(flow: Flow, *, by: User) -> None:
    lines = [f"{by} asks for the publication of “{flow.title}” in {flow.account.name}."]
    if flow.request_note:
        lines.append(f"Note: {flow.request_note}")
    lines.append(f"Check it, then publish or decline: {link(f'{_page(flow)}edit/check/')}")
    others = [address for address in admins_of(flow.account) if address != by.email]
    post(others, subject=f"Please publish “{flow.title}”", text="\n\n".join(lines))


def publication_declined(flow: Flow, *, asker: User | None, by: User) -> None:
    lines = [
        f"{by} declined to publish “{flow.title}”.",
        f"Reason: {flow.decline_reason}",
        f"Change it and ask again: {link(_page(flow))}",
    ]
    _to_asker(flow, asker, by=by, subject=f"Not published: “{flow.title}”", lines=lines)


def publication_done(flow: Flow, *, asker: User | None, by: User) -> None:
    lines = [f"{by} published “{flow.title}”, as you asked.", f"See it: {link(_page(flow))}"]
    _to_asker(flow, asker, by=by, subject=f"Published: “{flow.title}”", lines=lines)


def _to_asker(flow: Flow, asker: User | None, *, by: User, subject: str, lines: list[str]) -> None:
    """Who acts on the own request, or has left the account, hears nothing."""
    if asker is not None and asker != by and _belongs(asker, flow.account):
        post([asker.email], subject=subject, text="\n\n".join(lines))


def _belongs(user: User, account: Account) -> bool:
    seats = Membership.objects.filter(account=account, user=user, user__is_active=True)
    return seats.exists()


def _page(flow: Flow) -> str:
    return f"/a/{flow.account.sid}/flows/{flow.public_id}/"


def account_closed(account: Account, *, by: User) -> None:
    text = "\n\n".join(
        [
            f"{by} closed the account {account.name} ({account.sid}).",
            "Nobody can enter it and no API key opens it. Running executions finish, and their "
            "results are still posted.",
            f"If this was a mistake, ask the support team: for {REOPEN_DAYS} days they can open "
            "it again. After that its executions are deleted.",
        ]
    )
    post(admins_of(account), subject=f"{account.name} was closed", text=text)


def account_reopened(account: Account) -> None:
    text = f"The account {account.name} is open again: {link(f'/a/{account.sid}/')}"
    post(admins_of(account), subject=f"{account.name} is open again", text=text)


def connection_down(connection: Connection) -> None:
    account = connection.account
    why = connection.last_error.rstrip(".") or "it does not answer"
    when = f" (since {connection.down_since:%H:%M} UTC)" if connection.down_since else ""
    text = "\n\n".join(
        [
            f"Nothing is sent with the connection “{connection.name}” of {account.name} at this "
            f"moment{when}: {why}.",
            "Steps that use it are skipped at once and the next step of their flow takes over. "
            "Every now and then one message tries whether it works again.",
            "See what is wrong and what to do: "
            + link(f"/a/{account.sid}/connections/{connection.public_id}/"),
            "You get another letter when it works again, and this one not again within an hour.",
        ]
    )
    post(admins_of(account), subject=f"{connection.name} is down", text=text)


def receipts_missing(connection: Connection, *, silent: int) -> None:
    """`silent`: how many of the newest messages in a row got no receipt."""
    account = connection.account
    text = "\n\n".join(
        [
            f"No receipt came for the last {silent} messages of the connection "
            f"“{connection.name}” of {account.name}. Its steps wait their whole time and the next "
            "step follows, even when a message was delivered: people may get it twice.",
            "Try the receipt path on the page of the connection. When it works, check that the "
            "carrier has its address for receipts: "
            + link(f"/a/{account.sid}/connections/{connection.public_id}/"),
            "You will not get this letter again within an hour.",
        ]
    )
    post(admins_of(account), subject=f"Receipts of {connection.name} do not arrive", text=text)


def connection_up(connection: Connection, *, no_letter_before: datetime) -> None:
    """`no_letter_before`: until then a new outage is told on pages only."""
    account = connection.account
    text = "\n\n".join(
        [
            f"The carrier takes messages of the connection “{connection.name}” of {account.name} "
            "again. Its steps are sent as usual; there is nothing to do.",
            f"If it goes down again before {no_letter_before:%H:%M} UTC, only its page says so: "
            + link(f"/a/{account.sid}/connections/{connection.public_id}/"),
        ]
    )
    post(admins_of(account), subject=f"{connection.name} works again", text=text)
