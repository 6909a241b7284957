"""Where messages may be sent whose address comes from somebody else: allowed hosts, and of them public addresses only.

What an operator allows, one text each:

======================================  ==================================================================
``ci.example.com``                      by https, on port 443, where that name has public addresses
``ci.example.com:8443``                 on another port
``*.example.com``                       any name below it
``http://ci.example.com``               without TLS
``ci.corp.example=10.1.0.0/16``         also where that name has an address in this private network
``http://127.0.0.1:8080``               an address written out allows itself
======================================  ==================================================================
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import SourceRefused, UsageFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
    from urllib.parse import SplitResult

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

PORTS = {"https": 443, "http": 80}
# Addresses of the old Internet within those of the new one: what is reached is the old one.
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
"""ASCII without blanks and without the backslash, which some read as a slash and others do not."""
_HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One of the hosts that may be written to."""

    scheme: str
    host: str
    """In lower case; ``*.`` in front stands for any name below it."""
    port: int
    networks: tuple[Network, ...]
    """Private ones that may be reached under this name."""

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """Read what an operator wrote.

        Raises:
            UsageFault: it is none of the forms above.
        """
        where, _, networks = text.strip().partition("=")
        try:
            url = urlsplit(where if "://" in where else f"https://{where}")
            port = url.port or PORTS[url.scheme]
            bracketed = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
            if not _HOST.fullmatch(bracketed) or url.path.strip("/") or url.query or url.fragment or url.username:
                raise ValueError  # noqa: TRY301 - told below, as all others
            own = _own(url.hostname or "")
            named = tuple(ipaddress.ip_network(each.strip()) for each in networks.split(",") if each.strip())
        except (ValueError, KeyError):
            message = f"{text!r} names no host that callbacks may be sent to"
            hint = "write HOST, HOST:PORT, http://HOST or HOST=NETWORK, e.g. ci.corp.example=10.1.0.0/16"
            raise UsageFault(message, hint=hint) from None
        return cls(url.scheme, _name(url), port, own + named)

    def covers(self, scheme: str, host: str, port: int) -> bool:
        """Tell whether this is one of them."""
        same = host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host
        return same and (scheme, port) == (self.scheme, self.port)


@dataclass(frozen=True, slots=True)
class Destination:
    """An address that may be written to."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""
    networks: tuple[Network, ...]

    def admits(self, address: str) -> bool:
        """Tell whether this address of the host may be connected to."""
        found = ipaddress.ip_address(address.partition("%")[0])
        return is_public(found) or any(found in each for each in self.networks)


def aim(url: str, allowed: Sequence[str]) -> Destination:
    """Work out where a message goes; nothing is asked of the network.

    Raises:
        SourceRefused: it may not be sent there.
        UsageFault: one of the allowed ones cannot be read.
    """
    hint = "have the operator of the gate allow the host, or send it to one that is allowed"
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, _name(parts), parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        message = "the callback's address is no http or https address"
        raise SourceRefused(message, hint="write https://HOST/PATH") from None
    if not _PLAIN.fullmatch(url) or parts.username is not None or parts.fragment or not host:
        message = "the callback's address holds a user name, a fragment, or characters that have no place in one"
        raise SourceRefused(message, hint="write https://HOST/PATH, and let the signature say who sends it")
    fitting = [each for each in map(Allowed.parse, allowed) if each.covers(scheme, host, port)]
    if not fitting:
        message = f"callbacks may not be sent to {scheme}://{host}:{port}"
        raise SourceRefused(message, hint=hint)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(scheme, host, port, path, tuple(network for each in fitting for network in each.networks))


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the Internet's, and of one machine: nothing private, local or special."""
    if isinstance(address, ipaddress.IPv6Address) and (inner := _inner(address)) is not None:
        return is_public(inner)
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified
    if isinstance(address, ipaddress.IPv6Address):
        special = special or address.is_site_local
    return address.is_global and not (special or address.is_multicast or address.is_reserved)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in each for each in _TRANSLATED) or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _name(url: SplitResult) -> str:
    return (url.hostname or "").rstrip(".")


def _own(host: str) -> tuple[Network, ...]:
    try:
        return (ipaddress.ip_network(host),)
    except ValueError:
        return ()
