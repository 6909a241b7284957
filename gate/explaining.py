"""Which words moved a score: asked of a run's own scorer, where it can say so and is quick to build."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from gate import plugins, wiring, wiring_scorers
from gate.errors import GateError
from gate.policy import ByLanguage, load_text
from gate.ports import Explainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Explain = Callable[[str], Sequence[tuple[str, float]]]

MOST_POLICIES = 16


@lru_cache(maxsize=MOST_POLICIES)
def explainer(policy: str) -> Explain | None:
    """Return what explains the scores of a run, or None where nothing does.

    Scorers by language are left out: what is kept of a text does not say which of them read it.

    Args:
        policy: the effective policy of the run, JSON.
    """
    try:
        spec = load_text(wiring.readable_policy(policy), path="the run's policy").scorer
        if isinstance(spec.options, ByLanguage) or not issubclass(plugins.load("scorers", spec.type).Scorer, Explainer):
            return None
        scorer = wiring_scorers.build_scorer(spec.type, spec.options)
    except GateError:
        # The plug-in or the model may be gone since; the run can be read all the same.
        return None
    return scorer.explain if isinstance(scorer, Explainer) else None
