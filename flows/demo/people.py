"""The demo's accounts, people and API keys."""

from django.utils import timezone

from flows.models import (
    Account,
    ApiKey,
    Company,
    KeyKind,
    KycStatus,
    Membership,
    Region,
    Role,
    TestRecipient,
    User,
)
from flows.models.people import hash_secret
from flows.models.samples import TEST_RECIPIENTS

READY_SID = "HXACMERETAIL01IN"
NEW_SID = "HXFRESHFOODS02SG"
SUPPORT_EMAIL = "support@fallback.example"

COMPANY = {
    "legal_name": "Acme Retail Private Limited",
    "registration_number": "U52100KA2014PTC076543",
    "tax_number": "AAECA1234F",
    "address": "12 Residency Road",
    "city": "Bengaluru",
    "postal_code": "560025",
    "country": "IN",
}
PEOPLE = (
    (Role.ADMIN, "admin@acme.example", "Asha", "Rao"),
    (Role.MARKETER, "marketer@acme.example", "Meera", "Nair"),
    (Role.TESTER, "tester@acme.example", "Tomas", "Weber"),
    (Role.VIEWER, "viewer@acme.example", "Vera", "Lindqvist"),
)


def seed_accounts() -> tuple[Account, Account]:
    """(Acme Retail, ready to use; Fresh Foods, on its first day)."""
    ready, _ = Account.objects.get_or_create(
        sid=READY_SID,
        defaults={
            "name": "Acme Retail",
            "region": Region.IN,
            "time_zone": "Asia/Kolkata",
            "kyc_status": KycStatus.APPROVED,
            "business_manager_id": "284915037716402",
            "fallback_enabled_at": timezone.now(),
        },
    )
    Company.objects.get_or_create(account=ready, defaults=COMPANY)
    new, _ = Account.objects.get_or_create(
        sid=NEW_SID,
        defaults={"name": "Fresh Foods", "region": Region.SG, "time_zone": "Asia/Singapore"},
    )
    for name, number in TEST_RECIPIENTS:
        TestRecipient.objects.get_or_create(account=ready, number=number, defaults={"name": name})
    return ready, new


def seed_people(ready: Account, new: Account, *, password: str) -> dict[Role, User]:
    """The four people of Acme by role; its admin also owns the new account."""
    people = {
        role: _person(email, password, first_name=first, last_name=last)
        for role, email, first, last in PEOPLE
    }
    for role, user in people.items():
        Membership.objects.get_or_create(account=ready, user=user, defaults={"role": role})
    Membership.objects.get_or_create(
        account=new, user=people[Role.ADMIN], defaults={"role": Role.ADMIN}
    )
    _person(SUPPORT_EMAIL, password, first_name="Support", is_staff=True, is_superuser=True)
    return people


def _person(email: str, password: str, **fields: object) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        return User.objects.create_user(email, password, **fields)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def seed_keys(account: Account, *, known: dict[str, str], by: User) -> dict[str, str]:
    """One key of each kind with the secrets that are `known`; the others are issued anew.

    A demo key whose secret was lost is revoked: nobody can use it any more.
    """
    return {kind.value: _key(account, kind, known.get(kind.value, ""), by=by) for kind in KeyKind}


def _key(account: Account, kind: KeyKind, secret: str, *, by: User) -> str:
    name = f"Demo {kind.value}"
    usable = ApiKey.objects.filter(account=account, name=name, kind=kind, revoked_at=None)
    kept = next((key for key in usable if secret and key.matches(secret)), None)
    for key in usable:
        if key != kept:
            key.revoke()
    if kept:
        return secret
    if secret and not ApiKey.objects.filter(secret_hash=hash_secret(secret)).exists():
        _issue_known(account, kind, secret, name=name, by=by)
        return secret
    return ApiKey.issue(account, name=name, kind=kind, by=by)[1]


def _issue_known(account: Account, kind: KeyKind, secret: str, *, name: str, by: User) -> None:
    """The database is new but the file is not: scripts that use its key go on working."""
    ApiKey.objects.create(
        account=account,
        name=name,
        kind=kind,
        created_by=by,
        prefix=secret[: ApiKey.PREFIX_LENGTH],
        secret_hash=hash_secret(secret),
    )
