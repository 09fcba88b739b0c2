"""A field for IP ranges, one a line; each line that is none is named. Knows no key."""

import ipaddress
from typing import Any

from django import forms

MOST = 20  # a caller must not tell by the time that there are many


class IpRangesField(forms.CharField):
    """Cleans to ranges in one spelling, each once: ["203.0.113.0/24", "192.0.2.1/32"]."""

    widget = forms.Textarea

    def clean(self, value: Any) -> Any:
        """CharField's promise is a text; what comes out here is a list."""
        lines = enumerate(str(super().clean(value)).splitlines(), 1)
        ranges, faults = [], []
        for number, line in ((number, line.strip()) for number, line in lines if line.strip()):
            try:
                ranges.append(_range(line))
            except ValueError:
                faults.append(
                    f"Line {number}: “{line[:60]}” is neither an IP address nor a range like "
                    "203.0.113.0/24."
                )
        if len(ranges) > MOST:
            faults.append(f"Enter at most {MOST} ranges; these are {len(ranges)}.")
        if faults:
            raise forms.ValidationError(faults)
        return list(dict.fromkeys(ranges))


def _range(text: str) -> str:
    """An IPv4 address dressed as IPv6 is one of IPv4: so the API sees its callers."""
    network = ipaddress.ip_network(text, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped and network.prefixlen >= 96:
        network = ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    return str(network)
