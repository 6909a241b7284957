"""What is counted as one address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def network_of(address: str | None) -> str:
    """Return the address; of IPv6 its /64 network, as anybody has all addresses of one."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(known, IPv6Address) and not known.ipv4_mapped:
        return str(ip_network((known, 64), strict=False))
    return str(known)
