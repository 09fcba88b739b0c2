"""A new SECRET_KEY: everything that is encrypted moves to it, and no secret changes."""

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django import Settings

from flows.models import Account, CallbackProfile, Connection, OutgoingMail, User, rotation
from flows.models.secret import decrypt, encrypt
from tests import cast

OLD, NEW = "the old key of this test", "the new key of this test"
ROOM = "flows"


@pytest.fixture
def stored(settings: Settings, account: Account, admin: User) -> Account:
    """One of everything that is encrypted, under the old key; then the key is changed."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    cast.make_connection(account, "sandbox", config={"api_key": "carrier-secret"})
    profile = cast.make_callback_profile(account)
    profile.headers, profile.basic_auth = {"X-Key": "header-secret"}, "user:password-secret"
    profile.old_secret_encrypted = encrypt("whsec_old")
    profile.save()
    account.test_target_key = "target-secret"
    account.save()
    OutgoingMail.objects.create(
        to="a@b.example", subject="Hello", text_encrypted=encrypt("link-secret")
    )
    factor = {"user_id": admin.pk, "type": Authenticator.Type.TOTP}
    Authenticator.objects.create(**factor, data={"secret": encrypt("seed-secret")})
    codes = {"migrated_codes": [encrypt("code-1"), encrypt("code-2")], "used_mask": 0}
    Authenticator.objects.create(
        user_id=admin.pk, type=Authenticator.Type.RECOVERY_CODES, data=codes
    )
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    return account


def run() -> str:
    said = StringIO()
    call_command("rotate_secrets", stdout=said)
    return said.getvalue()


def tokens() -> list[str]:
    """Every encrypted text there is."""
    found: list[Any] = []
    for model in apps.get_app_config(ROOM).get_models():
        columns = [f.name for f in model._meta.concrete_fields if f.name.endswith("_encrypted")]
        for column in columns:
            found += model._default_manager.values_list(column, flat=True)
    return [token for token in found if token]


def test_afterwards_the_former_key_is_not_needed(stored: Account, settings: Settings) -> None:
    run()
    settings.SECRET_KEY_FALLBACKS = []
    connection, profile = Connection.objects.get(), CallbackProfile.objects.get()
    assert connection.config == {"api_key": "carrier-secret"}
    assert len(connection.hook_key) >= 32
    assert profile.headers == {"X-Key": "header-secret"}
    assert profile.basic_auth == "user:password-secret"
    assert profile.secret.startswith("whsec_") and profile.old_secret == "whsec_old"
    stored.refresh_from_db()
    assert stored.test_target_key == "target-secret"
    assert OutgoingMail.objects.get().text == "link-secret"
    totp, codes = Authenticator.objects.order_by("pk")
    assert decrypt(totp.data["secret"]) == "seed-secret"
    assert [decrypt(code) for code in codes.data["migrated_codes"]] == ["code-1", "code-2"]
    assert codes.data["used_mask"] == 0
    assert all(decrypt(token) for token in tokens())


def test_counts_are_said_and_nothing_else(stored: Account) -> None:
    said = run()
    assert "connection.config_encrypted: 1 renewed, 0 current already, 0 not readable" in said
    assert "authenticator.data: 3 renewed" in said
    assert "secret-" not in said and "carrier-secret" not in said and "gAAAA" not in said


def test_a_second_run_has_nothing_to_do(stored: Account) -> None:
    run()
    before = tokens()
    assert "0 renewed. Former keys are needed for nothing" in run()
    assert tokens() == before


def test_what_no_key_opens_is_kept_and_told(stored: Account, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = []
    before = tokens()
    with pytest.raises(CommandError, match="can be read with none of the keys"):
        run()
    assert tokens() == before


def test_what_somebody_saves_meanwhile_stays(
    stored: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and writing an admin enters another key."""
    take = rotation.Count.take

    def take_slowly(count: rotation.Count, value: Any) -> Any:
        if count.place == "connection.config_encrypted":
            connection = Connection.objects.get()
            connection.config = {"api_key": "newer-secret"}
            connection.save()
        return take(count, value)

    monkeypatch.setattr(rotation.Count, "take", take_slowly)
    run()
    assert Connection.objects.get().config == {"api_key": "newer-secret"}


def test_more_than_one_batch(
    stored: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    for number in range(5):
        cast.make_callback_profile(stored, title=f"Profile {number}")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert "callbackprofile.secret_encrypted: 6 renewed" in run()
    settings.SECRET_KEY_FALLBACKS = []
    assert all(decrypt(token) for token in tokens())
