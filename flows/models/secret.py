"""Encryption of carrier secrets at rest (Fernet); keys derive from SECRET_KEY and can rotate."""

import base64
import functools
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


@functools.cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    def derive(key: str) -> Fernet:
        digest = hashlib.blake2b(key.encode(), digest_size=32, person=b"fallback-secret").digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    return MultiFernet([derive(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(plain: str) -> str:
    return _current().encrypt(plain.encode()).decode()


def decrypt(token: str) -> str:
    return _decrypt((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), token)


@functools.lru_cache(maxsize=1000)
def _decrypt(keys: tuple[str, ...], token: str) -> str:
    """Kept, because every send and every receipt needs the same few."""
    return _fernet(keys).decrypt(token.encode()).decode()


def renewed(token: str) -> str:
    """The same secret under the current key; the very token when it is. Raises InvalidToken."""
    try:
        _fernet((settings.SECRET_KEY,)).decrypt(token.encode())
    except InvalidToken:
        return _current().rotate(token.encode()).decode()
    return token
