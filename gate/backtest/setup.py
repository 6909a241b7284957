"""What the releases of one policy have in common, built once by each process that judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.backtest.baseline_file import BaselineFile
    from gate.decide import Decider
    from gate.language import Routes
    from gate.model import Release
    from gate.ports import Scorer
    from gate.reading import Plan

    Builder = Callable[[str, str], "Setup"]
    """Builds it from a policy's text and path; importable, as each process calls it."""


class Setup(NamedTuple):
    """The parts of a run."""

    plan: Callable[[Release], Plan]
    """How to plan a release's run."""
    decider: Callable[..., Decider]
    """How to make a decider for it; by other rules than the policy's, if given."""
    scorer: Scorer | Routes
    baseline: BaselineFile | None = None
    """Where the baseline is heard, if elsewhere than in the mentions."""
