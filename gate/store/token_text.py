"""What a token looks like, and how it is remembered.

``sgate_``, 43 characters that carry 256 random bits, and 6 characters of checksum. Secret scanners find the prefix; the
checksum (CRC-32, as in GitHub's tokens) tells a token from a string that only resembles one, without asking anybody.
Remembered is the SHA-256 alone. Slow, salted hashes (argon2 …) protect what people make up, which can be guessed; of
256 random bits nobody can try a fraction worth naming, at any speed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "sgate_"
PATTERN = re.compile(r"sgate_[0-9A-Za-z]{49}")
"""For scanners: every token, and hardly anything else."""

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BITS, _WIDTH, _CHECK_WIDTH = 256, 43, 6


def new_token() -> str:
    """Make one up."""
    body = _written(secrets.randbits(_BITS), _WIDTH)
    return PREFIX + body + _checksum(body)


def well_formed(text: str) -> bool:
    """Whether it can be one of ours: prefix, length and checksum."""
    return bool(PATTERN.fullmatch(text)) and text[-_CHECK_WIDTH:] == _checksum(text[len(PREFIX) : -_CHECK_WIDTH])


def hash_of(secret: str) -> str:
    """Return how a random secret is remembered: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _CHECK_WIDTH)


def _written(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return digits.rjust(width, _DIGITS[0])
