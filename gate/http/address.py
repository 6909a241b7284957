"""Addresses: which may be sent a token, and how one is put together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def address_problem(address: str, *, option: str, query: bool = False) -> str:
    """Say what is wrong with an address in a policy; empty if nothing is.

    Args:
        address: as the user wrote it.
        option: its name, with which the message begins.
        query: whether it may have one.
    """
    try:
        url: SplitResult = urlsplit(address)
        _ = url.port  # reading it is what checks it
    except ValueError as error:
        return f"{option} is no address: {error}"
    if url.scheme not in {"http", "https"} or not url.hostname:
        return f"{option} must be an https address, e.g. https://example.com"
    if url.username or url.password or url.fragment or (url.query and not query):
        return f"{option} must hold no user name, password{'' if query else ', query'} or fragment"
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        return f"{option} must use https: over http others could read and change what is sent"
    return ""


def joined(base_url: str, path: str, query: Mapping[str, object] | None = None) -> str:
    """Return the address of a path below the base, or of a whole address, with a query.

    None is left out of the query, a list repeats its name, times become RFC 3339 in UTC.
    """
    url = path if "://" in path else f"{base_url}{path}"
    pairs = [
        (name, _text(each))
        for name, value in (query or {}).items()
        for each in (value if isinstance(value, list | tuple) else (value,))
        if each is not None
    ]
    return url + ("&" if "?" in url else "?") + urlencode(pairs) if pairs else url


def _text(value: Any) -> str:  # noqa: ANN401  # any value of a query
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
