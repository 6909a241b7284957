"""What the statistical rules ask of their levels, and what breaks their ties."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.model import Release


def check_alpha(alpha: float) -> None:
    """Refuse a level that means nothing.

    Raises:
        ValueError: it is no probability, or none that leaves a choice.
    """
    if not 0 < alpha < 1:
        message = f"alpha is a probability between 0 and 1 (0.01 is usual), not {alpha:g}"
        raise ValueError(message)


def seed_of(release: Release, scores: Iterable[float]) -> int:
    """Return the seed of a run: the same at each replay, settled before the first mention after the deploy is read.

    Who writes after the deploy cannot choose it, and who writes before it must know every other score to the last bit to
    foresee it.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 3, 10, tzinfo=UTC)
    >>> from gate.model import Release
    >>> release = Release("#acme24", at, at, at, at)
    >>> seed_of(release, [0.1, 0.2]) == seed_of(release, [0.1, 0.2]) != seed_of(release, [0.2, 0.1])
    True
    """
    digest = hashlib.sha256(f"{release.name}\n{release.deployed_at.isoformat()}".encode("utf-8", "surrogatepass"))
    digest.update("".join([f"\n{score!r}" for score in scores]).encode())
    return int.from_bytes(digest.digest()[:8], "big")
