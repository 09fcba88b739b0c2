"""Inviting people, and what an invited person sees."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import Account, Invitation, Membership, OutgoingMail, Role, User, invitations
from flows.models.invitations import Invited
from tests import cast
from tests.views.reading import unescaped as words

EMAIL = "new@acme.example"
GONE = "This link cannot be used"


@pytest.fixture
def url(account: Account) -> Callable[..., str]:
    return lambda name, *args: reverse(name, args=[account.sid, *args])


@pytest.fixture
def made(account: Account, admin: User) -> Invited:
    return invitations.invite(account, [EMAIL], Role.MARKETER, by=admin)[0]


@pytest.fixture
def guest(db: None) -> User:
    return User.objects.create_user(EMAIL, cast.PASSWORD, first_name="Nina")


@pytest.fixture
def as_guest(guest: User) -> Client:
    client = Client()
    client.force_login(guest)
    return client


# --- Inviting ------------------------------------------------------------------------------------


def test_links_are_shown_once_and_work(as_admin: Client, url: Callable[..., str]) -> None:
    typed = {"emails": "One@Acme.example,\ntwo@acme.example\none@acme.example", "role": "tester"}
    answer = as_admin.post(url("invitation-create"), typed)
    page = words(answer)
    links = re.findall(r"http[^<\s]+/invitation/([\w-]+)/", page)
    assert len(set(links)) == 2
    assert "no-store" in answer["Cache-Control"]
    assert [found.email for token in links if (found := invitations.find(token))] == [
        "one@acme.example",
        "two@acme.example",
    ]
    assert OutgoingMail.objects.count() == 2
    listed = words(as_admin.get(url("member-list")))
    assert "one@acme.example" in listed and not any(token in listed for token in links)


@pytest.mark.parametrize(
    ("emails", "sentence"),
    [
        ("", "Enter at least one email address"),
        ("nobody", "“nobody” is not an email address"),
        ("vera@acme.example", "vera@acme.example is in this account already"),
        (EMAIL, "is invited already"),
        ("\n".join(f"p{n}@acme.example" for n in range(21)), "at most 20 addresses"),
        ("<script>@x", "is not an email address"),
    ],
)
def test_addresses_that_cannot_be_invited_are_named(
    as_admin: Client,
    url: Callable[..., str],
    viewer: User,
    made: Invited,
    emails: str,
    sentence: str,
) -> None:
    answer = as_admin.post(url("invitation-create"), {"emails": emails, "role": "viewer"})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert Invitation.objects.count() == 1


def test_a_new_link_replaces_the_old(
    as_admin: Client, url: Callable[..., str], made: Invited
) -> None:
    page = words(as_admin.post(url("invitation-renew", made.invitation.public_id)))
    [token] = re.findall(r"/invitation/([\w-]+)/", page)
    assert token != made.token
    assert invitations.find(token) and not invitations.find(made.token)


def test_withdrawing_asks_first(as_admin: Client, url: Callable[..., str], made: Invited) -> None:
    path = url("invitation-withdraw", made.invitation.public_id)
    assert f"Withdraw the invitation of {EMAIL}?" in words(as_admin.get(path))
    assert invitations.find(made.token)
    as_admin.post(path)
    assert invitations.find(made.token) is None
    again = as_admin.post(path, follow=True)
    assert "cannot be used any more" in words(again)


# --- Being invited -------------------------------------------------------------------------------


def test_the_secret_leaves_the_address_at_once(anonymous: Client, made: Invited) -> None:
    opened = anonymous.get(made.path)
    assert (opened.status_code, opened["Location"]) == (302, "/invitation/")
    assert opened["Referrer-Policy"] == "no-referrer"
    page = anonymous.get("/invitation/")
    assert made.token not in words(page)


def test_who_is_not_signed_in_learns_what_it_is_about(anonymous: Client, made: Invited) -> None:
    page = words(anonymous.get(made.path, follow=True))
    assert "Asha invites you to work in Acme as marketer." in page
    assert 'href="/sign-in/?next=%2Finvitation%2F"' in page
    assert "/sign-up/?next=%2Finvitation%2F&email=new%40acme.example" in page


def test_accepting_needs_somebody_signed_in(anonymous: Client, made: Invited) -> None:
    anonymous.get(made.path)
    answer = anonymous.post("/invitation/")
    assert answer["Location"].startswith("/sign-in/")
    assert invitations.find(made.token)


def test_accepting_leads_into_the_account(
    as_guest: Client, guest: User, made: Invited, url: Callable[..., str]
) -> None:
    page = words(as_guest.get(made.path, follow=True))
    assert f"Accept as {EMAIL}" in page and "Accept only if both are you" not in page
    assert not Membership.objects.filter(user=guest).exists()  # looking accepts nothing
    done = as_guest.post("/invitation/", follow=True)
    assert "Welcome to Acme. Your role is Marketer." in words(done)
    assert Membership.objects.get(user=guest).role == Role.MARKETER


def test_a_second_tab_leads_into_the_account_too(
    as_guest: Client, made: Invited, url: Callable[..., str]
) -> None:
    as_guest.get(made.path)
    session = dict(as_guest.session)
    as_guest.post("/invitation/")
    second = as_guest.session
    second["invitation"] = session["invitation"]
    second.save()
    assert as_guest.post("/invitation/")["Location"] == url("account-home")
    assert as_guest.get(made.path)["Location"] == url("account-home")
    assert Membership.objects.filter(account=made.invitation.account).count() == 2


def test_another_address_is_warned_but_let_in(stranger: User, made: Invited) -> None:
    client = Client()
    client.force_login(stranger)
    page = words(client.get(made.path, follow=True))
    assert "you are signed in as" in page and stranger.email in page
    client.post("/invitation/")
    assert Membership.objects.filter(user=stranger, account=made.invitation.account).exists()


def test_a_member_is_told_and_gets_no_other_role(
    as_viewer: Client, viewer: User, account: Account, admin: User
) -> None:
    [made] = invitations.invite(account, [EMAIL], Role.ADMIN, by=admin)
    page = words(as_viewer.get(made.path, follow=True))
    assert "You are in Acme already, as viewer, and stay so." in page
    as_viewer.post("/invitation/")
    assert Membership.objects.get(user=viewer).role == Role.VIEWER
    assert invitations.find(made.token)


def test_unusable_links_all_look_the_same(
    as_guest: Client, account: Account, admin: User, viewer: User
) -> None:
    used, expired, withdrawn = invitations.invite(
        account, [f"{n}@acme.example" for n in range(3)], Role.VIEWER, by=admin
    )
    other = cast.make_person(None, Role.VIEWER, name="Other")
    invitations.accept(used.invitation, by=other)
    invitations.withdraw(withdrawn.invitation, by=admin)
    Invitation.objects.filter(pk=expired.invitation.pk).update(expires_at=timezone.now())
    paths = [i.path for i in (used, expired, withdrawn)] + ["/invitation/never-made/"]
    answers = [as_guest.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer["Referrer-Policy"] for answer in answers} == {"no-referrer"}
    token = re.compile(r'"X-CSRFToken":"\w+"|name="csrfmiddlewaretoken" value="\w+"')
    bodies = {token.sub("", words(answer)) for answer in answers}
    assert len(bodies) == 1 and GONE in bodies.pop()


def test_trying_links_is_limited(anonymous: Client, made: Invited) -> None:
    answers = [anonymous.get("/invitation/guess/").status_code for _ in range(31)]
    assert answers[-2:] == [404, 429]
    assert anonymous.get(made.path).status_code == 429


def test_an_invitation_that_ends_while_it_is_read(
    as_guest: Client, made: Invited, guest: User
) -> None:
    as_guest.get(made.path, follow=True)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = as_guest.post("/invitation/")
    assert answer.status_code == 404 and GONE in words(answer)
    assert not Membership.objects.filter(user=guest).exists()


def test_no_session_is_made_for_a_link_that_is_none(anonymous: Client, db: None) -> None:
    anonymous.get("/invitation/guess/")
    assert "sessionid" not in anonymous.cookies


@pytest.mark.parametrize("token", ["%00", "%ED%A0%80", "x" * 500, "..%2F"])
def test_hostile_links_are_just_not_usable(anonymous: Client, db: None, token: str) -> None:
    assert anonymous.get(f"/invitation/{token}/").status_code == 404
