"""Checks identity tokens: JSON Web Tokens (RFC 7519) by the rules of RFC 8725."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from gate.service.auth.issuers import Issuer

LEEWAY = timedelta(seconds=30)
"""That clocks may differ."""
LONGEST = 16 * 1024


class Forged(Exception):
    """The token is not what it says, or not for us, or not for now. The message is for the log."""


def claims_of(
    token: str, issuer: Issuer, *, audience: str, algorithms: AbstractSet[str], now: datetime
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the header and the claims of a token that the issuer signed for us, and that holds now.

    The key is chosen by its id among the issuer's own, and the algorithm is the key's: what the header asks for must be
    the same, and changes nothing. Keys that the header brings along (``jwk``, ``jku``, ``x5u`` …) are not looked at.

    Raises:
        Forged: anything is wrong with it.
        Unreachable: the issuer's keys cannot be had.
    """
    if len(token) > LONGEST:
        message = "it is too long"
        raise Forged(message)
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise Forged(str(error)) from None
    if header.get("alg") not in algorithms or "crit" in header:
        message = f"its algorithm is {str(header.get('alg'))[:20]!r}, or it asks for extensions"
        raise Forged(message)
    key = issuer.key(str(header.get("kid")))
    if key is None or key.algorithm_name != header["alg"]:
        message = "it is signed with no key of the issuer"
        raise Forged(message)
    # Times are checked below, by our own clock.
    options = {"require": ["iss", "aud", "exp", "iat"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims = jwt.decode(
            token, key, [key.algorithm_name], options, audience=audience, issuer=issuer.url  # type: ignore[arg-type]
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError) as error:
        message = f"{type(error).__name__}: {error}"
        raise Forged(message) from None
    _in_time(claims, now)
    return header, claims


def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
    leeway, seconds = LEEWAY.total_seconds(), now.timestamp()
    if _seconds(claims, "exp") + leeway <= seconds:
        message = "it has expired"
        raise Forged(message)
    if max(_seconds(claims, "iat"), _seconds(claims, "nbf") if "nbf" in claims else 0) - leeway > seconds:
        message = "it is not valid yet: compare the clocks"
        raise Forged(message)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        message = f"its {name} is no time"
        raise Forged(message)
    return float(value)
