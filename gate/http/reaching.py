"""Connections to addresses that were checked, for whatever goes where somebody else says.

A name is looked up once, each of its addresses is checked, and the connection goes to one that was checked: a name that
means another machine a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from gate.errors import SourceRefused
from gate.http.deadline import InTime, TLSInTime
from gate.http.destinations import is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Resolve = Callable[..., Sequence[tuple[Any, ...]]]
    """As ``socket.getaddrinfo``."""

NAMED = "have the operator of the gate hold the policy (policy_name), or allow private addresses to policies of callers"


def reach(
    host: str,
    port: int,
    seconds: float,
    *,
    admits: Callable[[str], bool],
    hint: str,
    resolve: Resolve = socket.getaddrinfo,
) -> socket.socket:
    """Connect to the first address of a host that is admitted and answers.

    Args:
        host: name or address.
        port: of it.
        seconds: for each address.
        admits: tells whether an address may be connected to.
        hint: what to do where none may.
        resolve: what looks names up.

    Raises:
        SourceRefused: none of its addresses is admitted.
        OSError: it has none, or none of them answers.
    """
    found = resolve(host, port, type=socket.SOCK_STREAM)
    admitted = [each for each in found if admits(each[4][0])]
    if not admitted:
        message = f"{host}: it has no public address, and its private ones are not allowed"
        raise SourceRefused(message, hint=hint)
    error: OSError = TimeoutError()
    for family, kind, protocol, _, address in admitted:
        # The address itself, not the name: nobody is asked a second time what it means.
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(seconds)
            made.connect(address)
        except OSError as failed:
            made.close()
            error = failed
        else:
            return made
    raise error


def public(address: str) -> bool:
    """Tell whether an address, as the system writes it, is one of the Internet's."""
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def reach_public(
    host: str,
    port: int,
    seconds: float,
    *,
    admits: Callable[[str], bool] = public,
    resolve: Resolve = socket.getaddrinfo,
) -> socket.socket:
    """Connect to a public address of a host, for a policy that a caller sent; see ``reach``."""
    return reach(host, port, seconds, admits=admits, hint=NAMED, resolve=resolve)


def public_pools(
    resolve: Resolve = socket.getaddrinfo, admits: Callable[[str], bool] = public
) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pools by scheme, for a urllib3 pool manager, that reach public addresses only."""

    class Public(InTime):
        def _reached(self) -> socket.socket:
            try:
                host, port = self._dns_host, self.port or self.default_port
                made = reach_public(host, port, self._seconds(), admits=admits, resolve=resolve)
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "no connection in time") from error
            except OSError as error:
                raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error
            for option in self.socket_options or ():
                made.setsockopt(*option)
            return made

    class PublicTLS(Public, TLSInTime):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Public

    class TLSPool(HTTPSConnectionPool):
        ConnectionCls = PublicTLS

    return {"http": Pool, "https": TLSPool}
