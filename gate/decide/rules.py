"""What the rules of a policy are, and what they are told beside the mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.decide.keyword import Keyword
from gate.decide.share import Share
from gate.decide.surge import Surge
from gate.decide.threshold import Threshold

if TYPE_CHECKING:
    from datetime import timedelta

    from gate.decide.densities import ScoreDensities
    from gate.model import Release

Rule = Share | Surge | Threshold | Keyword

RULES: dict[str, type[Rule]] = {"keyword": Keyword, "share": Share, "surge": Surge, "threshold": Threshold}
"""By the name users write."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know of a run before its first mention."""

    release: Release
    densities: ScoreDensities | None
    """Of the scorer; None where it was never measured."""
    match: timedelta | None = None
    """Only baseline mentions at the window's time of this cycle, a day or a week, were folded; None for all."""
