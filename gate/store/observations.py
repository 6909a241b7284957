"""The mentions of a look as rows: numbers and hashes, never text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.canonical import clean, encode, rfc3339
from gate.store.chain import observation_fingerprint
from gate.store.rows import storable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.model import Dropped, Scored
    from gate.store.staging import Row


def rows_of(run_id: str, seq: int, look: int, kept: Iterable[Scored], dropped: Iterable[Dropped]) -> list[Row]:
    """Return one row a mention, in the order of the columns: the kept as they were folded, then the dropped.

    Raises:
        EvidenceFault: a score is not a number, or a time has no zone.
    """
    mentions = [*map(_of_kept, kept), *map(_of_dropped, dropped)]
    rows = [(run_id, seq, position, look, *mention) for position, mention in enumerate(mentions)]
    return [(*row, None, observation_fingerprint(row)) for row in rows]


def _of_kept(mention: Scored) -> Row:
    return (
        storable(mention.id),
        storable(mention.source),
        mention.period.value,
        rfc3339(mention.created_at),
        # + 0.0: SQLite reads -0.0 back as 0.0, and whole numbers as floats; the hash must not notice.
        mention.negative + 0.0,
        mention.score + 0.0,
        storable(mention.author),
        storable(mention.conversation),
        storable(mention.lang),
        mention.text_hash,
        encode([clean(phrase) for phrase in mention.phrases]).decode() if mention.phrases else "[]",
        None,
        "",
        rfc3339(mention.seen_at) if mention.seen_at else None,
    )


def _of_dropped(mention: Dropped) -> Row:
    return (
        storable(mention.id),
        storable(mention.source),
        mention.period.value,
        rfc3339(mention.created_at) if mention.created_at else None,
        None,
        None,
        "",
        "",
        "",
        mention.text_hash,
        "[]",
        mention.reason.value,
        storable(mention.detail),
        rfc3339(mention.seen_at) if mention.seen_at else None,
    )
