"""How often somebody may try to sign in within a minute; counts in Django's cache, nowhere else."""

import hashlib
import ipaddress

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone


def used_up(*, address: str, email: str) -> bool:
    """Counts this try against the address, and, if that may still try, against the e-mail."""
    most = int(settings.SIGN_IN_TRIES_PER_MINUTE)
    return _count(f"address {_household(address)}") > most or _count(f"email {email}") > most


def _household(address: str) -> str:
    """Whoever has one address of IPv6 has 2^64 of them."""
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _count(who: str) -> int:
    minute = int(timezone.now().timestamp() // 60)
    digest = hashlib.blake2b(f"{minute} {who}".encode(errors="replace"), digest_size=16)
    key = f"sign-in:{digest.hexdigest()}"
    if cache.add(key, 1, timeout=120):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # evicted between the two calls
        cache.set(key, 1, timeout=120)
        return 1
