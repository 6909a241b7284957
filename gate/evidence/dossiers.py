"""A pack for people: what charts, pages and files are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report.dossier import Dossier, Glimpse

if TYPE_CHECKING:
    from gate.evidence.contents import PackContents


def from_pack(pack: PackContents) -> Dossier:
    """Put together what an evidence pack holds of a run; it knows neither id nor log."""
    kept = [*pack.baseline.kept, *(each for look in pack.looks for each in look.kept)]
    following = [look.at for look in pack.looks[1:]]
    looks = tuple(
        Glimpse(look.number, look.at, next_at, len(look.kept), len(look.dropped), look.verdict)
        for look, next_at in zip(pack.looks, [*following, None], strict=True)
    )
    return Dossier(
        run="",
        release=pack.release,
        state="done",
        verdict=pack.verdict,
        looks=looks,
        baseline=pack.baseline.coverage,
        voices=tuple(each for each in kept if not each.control),
        notes=pack.baseline.notes,
    )
