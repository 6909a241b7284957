"""Why there was no proper answer, and the next step for each: an unknown name is mended elsewhere than a closed port."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ProxyError, ReadTimeout, SSLError
from urllib3.exceptions import ReadTimeoutError

from gate.errors import SourceDown, SourceRefused
from gate.http.deadline import NEXT_LOOK, DeadlinePassed
from gate.http.faults import ConnectionFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.errors import SourceFault

AGAIN = "the next look tries again"
SLOW = "no connection in time", "a firewall may stand in between: see whether this machine may reach it"
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}


def failure(host: str, error: Exception, text: str, *, short_of_time: bool) -> SourceFault:
    """Return the error to raise for what went wrong with a request.

    Args:
        host: that was asked.
        error: what ``requests`` or urllib3 raised; neither shown nor chained, as it holds the request.
        text: its message, without secrets.
        short_of_time: whether the poll's own time was what was left to wait.
    """
    if isinstance(next(iter(error.args), None), ReadTimeoutError):
        error = ReadTimeout()  # what requests calls a ConnectionError when it strikes amid the body
    if short_of_time and isinstance(error, ReadTimeout | ConnectTimeout):
        return DeadlinePassed(f"{host}: no answer within the time of this poll", hint=NEXT_LOOK)
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in text:
        what, hint = _certificate(text)
        return SourceRefused(f"{host}: {what}", hint=hint)
    if type(error) is OSError:
        return SourceRefused(f"{host}: {text}", hint="check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE")
    if isinstance(error, ReadTimeout):
        return SourceDown(f"{host}: no answer in time", hint=f"the service is slow or stuck just now; {AGAIN}")
    if not isinstance(error, requests.ConnectionError | ChunkedEncodingError):
        hint = f"a proxy may stand in between; {AGAIN}"
        return SourceDown(f"{host}: the answer is not proper HTTP ({type(error).__name__})", hint=hint)
    what, hint = _connection(error, text)
    return ConnectionFault(f"{host}: {what}", hint=f"{hint}; {AGAIN}")


def _certificate(text: str) -> tuple[str, str]:
    if "has expired" in text:
        return (
            "its TLS certificate has expired",
            "check this machine's clock, or have the service renew its certificate",
        )
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return (
            "its TLS certificate is for another host",
            "check the spelling of the address, or use the name it is made for",
        )
    hint = "for an authority of your own, or a proxy that opens TLS, point REQUESTS_CA_BUNDLE at its certificate"
    return "its TLS certificate is not trusted", hint


def _connection(error: Exception, text: str) -> tuple[str, str]:
    """Return what is wrong with the connection, and what to look at."""
    if isinstance(error, ConnectTimeout):
        return SLOW
    if isinstance(error, ProxyError):
        return (
            "no answer through the proxy",
            "check HTTPS_PROXY and NO_PROXY, and whether the proxy lets this host through",
        )
    if isinstance(error, SSLError):
        if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
            return (
                "no TLS connection: it speaks something else there",
                "check whether the address is https, and its port",
            )
        return "no TLS connection", "see which versions of TLS it takes, and whether something stands in between"
    if isinstance(error, ChunkedEncodingError):
        return "the connection broke in the middle of the answer", "check the network"
    found = (told for cause in _causes(error) if (told := _cause(cause)))
    return next(found, ("the connection broke before the answer was complete", "check the network"))


def _cause(cause: BaseException) -> tuple[str, str] | None:
    if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
        return "its name cannot be looked up just now", "check the network, and this machine's name server (DNS)"
    if isinstance(cause, socket.gaierror):
        return "no host of that name", "check the spelling of the address, and this machine's name server (DNS)"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused: nothing listens there", "see whether the service is up, and check the port"
    if isinstance(cause, TimeoutError):
        return SLOW
    if isinstance(cause, OSError) and cause.errno in NO_WAY:
        return (
            "no way there from this network",
            "check the network, a VPN, or whether a proxy must be set (HTTPS_PROXY)",
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside an error; ``requests`` hands them on as arguments, urllib3 as reasons and causes."""
    ahead, known = [error], set[int]()
    while ahead:
        each = ahead.pop(0)
        if id(each) in known:
            continue
        known.add(id(each))
        yield each
        inside = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        ahead += [found for found in inside if isinstance(found, BaseException)]
