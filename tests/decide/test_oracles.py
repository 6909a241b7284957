"""Statistics against other people's code where it does the same, and against full enumeration where none does."""

from __future__ import annotations

import itertools
import json
import math
from functools import cache

import pytest

from gate.decide import bets, bounds
from gate.decide.bounds import MeanBound
from gate.decide.densities import ScoreDensities
from gate.decide.martingale import ShareTest
from gate.decide.surges import log_pay
from tools.reference_bounds import ALPHA_CHANGE, ALPHA_MEAN, CAP, LOOKS, REFERENCE, RHO2, SIGMA, values


@pytest.fixture(scope="module")
def reference() -> dict[str, dict[str, list[float]]]:
    """What the package ville, an independent implementation, says of the same values at some looks."""
    found: dict[str, dict[str, list[float]]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


def test_the_bound_on_a_mean_is_that_of_another_implementation(reference: dict[str, dict[str, list[float]]]) -> None:
    """The empirical Bernstein bound of Waudby-Smith and Ramdas as the package ville computes it, to rounding."""
    ours, told = MeanBound(alpha=ALPHA_MEAN), []
    for value in values():
        ours.add(value)
        told.append(ours.interval())
    assert CAP == bounds.CAP
    assert len(reference["mean"]) == len(LOOKS)
    for look, theirs in reference["mean"].items():
        assert told[int(look) - 1] == pytest.approx(theirs, abs=1e-9)


def test_the_bound_on_a_change_is_that_of_another_implementation(reference: dict[str, dict[str, list[float]]]) -> None:
    """With a mean before that is known for sure, ours is Robbins' normal mixture as the package ville computes it."""
    assert len(reference["change"]) == len(LOOKS)
    for look, theirs in reference["change"].items():
        count = int(look)
        mean = math.fsum(values()[:count]) / count
        half = bounds.half_width(SIGMA**2 / count, RHO2, ALPHA_CHANGE)
        assert (mean - half, mean + half) == pytest.approx(theirs, abs=1e-9)


def test_the_pay_of_a_surge_is_a_likelihood_ratio() -> None:
    """Of two Poisson laws, where counts are Poisson: derived anew from the law itself, count by count."""
    counts, mean, ratio = [3, 0, 5, 2, 9], 2.5, 1.8
    total = math.fsum(log_pay(n, mean, ratio, 1.0) for n in counts)
    law = [_poisson(n, ratio * mean) / _poisson(n, mean) for n in counts]
    assert math.exp(total) == pytest.approx(math.prod(law))


def _poisson(n: int, mean: float) -> float:
    return math.exp(-mean) * mean**n / math.factorial(n)


@pytest.mark.parametrize(
    "scores", [[0.1, 0.3, 0.5, 0.7, 0.8, 0.9], [0.2, 0.2, 0.2, 0.7, 0.7, 0.9]], ids=["all differ", "ties"]
)
def test_over_all_orders_of_a_stream_the_wealth_is_one_on_average(
    scores: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchangeability itself, nothing drawn: 720 orders of six scores, the random part of each rank integrated over its steps."""
    terms = bets.Terms(ScoreDensities.generic(), 0.0, anything=True)
    family = bets.spread({0.3: 1.0})[0]
    start = list(family.wealth)

    @cache
    def means(seen: int, above: int, equal: int) -> list[float]:
        """What each bet pays in the mean over U."""
        laid = bets.table(terms, (0.3,), int((seen - 3) / seen / bets.STEP))
        return _means(laid, above / (seen + 1), (above + equal) / (seen + 1))

    def mean_wealth(pay: float) -> float:
        """Average over orders and over U of each bet's product; ranks of three mentions after three."""
        total = 0.0
        for order in itertools.permutations(scores):
            products = [1.0] * len(start)
            for seen in range(3, 6):
                above = sum(x > order[seen] for x in order[:seen])
                equal = sum(x == order[seen] for x in order[:seen]) + 1
                products = [p * pay * m for p, m in zip(products, means(seen, above, equal), strict=True)]
            total += math.fsum(w * p for w, p in zip(start, products, strict=True))
        return total / math.factorial(6)

    assert mean_wealth(1.0) == pytest.approx(1, abs=1e-12)
    assert mean_wealth(1.02) > 1.06
    # The rule itself takes just these ranks: with U at one half it holds what the sum above has for that U.
    monkeypatch.setattr("gate.decide.martingale.uniform", lambda _seed: lambda: 0.5)
    test = ShareTest(scores[:3], alpha=0.01, tolerate=0.0, densities=None, seed=0)
    ranks = [test._rank(x) for x in scores[3:]]  # noqa: SLF001 - what is proved of ranks is proved of these
    expected = [
        (sum(x > scores[k] for x in scores[:k]) + 0.5 * (sum(x == scores[k] for x in scores[:k]) + 1)) / (k + 1)
        for k in range(3, 6)
    ]
    assert ranks == pytest.approx(expected)


def _means(laid: bets.Table, low: float, high: float) -> list[float]:
    """Integrate each bet between two ranks, and divide by their distance."""
    ends = [low, *(edge for edge in laid.edges if low < edge < high), high]
    areas = [0.0] * len(laid.row(low))
    for left, right in itertools.pairwise(ends):
        row = laid.row((left + right) / 2)
        areas = [area + (right - left) * pay for area, pay in zip(areas, row, strict=True)]
    return [area / (high - low) for area in areas]
