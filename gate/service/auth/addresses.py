"""What is counted as one address."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


@lru_cache(4096)
def network_of(address: str | None) -> str:
    """Return the address; of IPv6 its /64 network, as anybody has all addresses of one."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if not isinstance(known, IPv6Address):
        return str(known)
    return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
