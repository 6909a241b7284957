"""The hashes that make a change of the run log show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.canonical import digest, encode
from gate.store.tables import events, observations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

EVENT_FIELDS = tuple(column.name for column in events.columns if column.name != "hash")
OBSERVATION_FIELDS = tuple(column.name for column in observations.columns if column.name not in {"purged", "hash"})
"""All but what is written later."""


def genesis(run_id: str) -> str:
    """Return what the first event of a run follows; each run has its own, so no chain fits another run."""
    return digest(encode(["sentiment-gate run", run_id]))


def fingerprint(values: Sequence[Any]) -> str:
    """Return the hash of a row over everything in it; an event's row holds the previous event's hash.

    The values are hashed as one JSON list, because joined text would read the same for different values.

    Args:
        values: in the order of ``EVENT_FIELDS`` or ``OBSERVATION_FIELDS``.

    Raises:
        EvidenceFault: a number is NaN or infinite.
    """
    return digest(encode(list(values)))


def observation_fingerprint(values: Sequence[Any]) -> str:
    """Return the hash of an observation, its ``seen_at`` last; rows from before there was one are hashed without it."""
    return fingerprint(values if values[-1] is not None else values[:-1])


def tombstone(row: Mapping[str, Any]) -> str:
    """Return the hash of what a forgotten observation says now, the hash it was recorded with included."""
    return fingerprint([row[column.name] for column in observations.columns])


def observations_digest(hashes: Iterable[str]) -> str:
    """Return what a look's event records of its observations: one hash over theirs, in order."""
    return digest("".join(hashes).encode())
