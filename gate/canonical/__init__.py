"""Canonical JSON and its SHA-256: equal values give equal bytes, on every machine.

Keys sorted by code point, no white space, UTF-8, floats in Python's shortest form that reads back
as the same number, no NaN or infinity. Reading is as strict as writing, so that evidence which was
changed by hand is refused rather than guessed at.
"""

from __future__ import annotations

from gate.canonical.reading import from_plain, loads
from gate.canonical.writing import clean, digest, dumps, encode, rfc3339, to_plain

__all__ = ["clean", "digest", "dumps", "encode", "from_plain", "loads", "rfc3339", "to_plain"]
