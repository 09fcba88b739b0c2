"""How often somebody may try a password within a minute, at the sign-in page and wherever else."""

import hashlib
import ipaddress

from django.conf import settings

from flows.counting import count


def used_up(*, address: str, email: str) -> bool:
    """Counts this try against the address, and, if that may still try, against the e-mail."""
    most = int(settings.SIGN_IN_TRIES_PER_MINUTE)
    return _count(f"address {_household(address)}") > most or _count(f"email {email}") > most


def _household(address: str) -> str:
    """Whoever has one address of IPv6 has 2^64 of them."""
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _count(who: str) -> int:
    digest = hashlib.blake2b(who.encode(errors="replace"), digest_size=16)
    return count(f"sign-in:{digest.hexdigest()}")


def too_many(what: str, *, address: str, most: int) -> bool:
    """Counts this visit of the address to `what`; `most` is for a minute."""
    return _count(f"{what} {_household(address)}") > most
