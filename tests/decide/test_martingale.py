"""The share test by simulation: false halts, power, and that a wrong normaliser would be noticed."""

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from gate.decide import bets
from gate.decide.bounds import ChangeBound, ExactChangeBound, MeanBound
from gate.decide.bursts import Bursts
from gate.decide.densities import ScoreDensities
from gate.decide.martingale import ShareTest

Draw = Callable[[random.Random, float], float]


def gaussian(rng: random.Random, share: float) -> float:
    """A continuous scorer, AUC 0.86."""
    return min(1.0, max(0.0, rng.gauss(0.62 if rng.random() < share else 0.3, 0.21)))


def coarse(rng: random.Random, share: float) -> float:
    """A scorer with seven values, most of them neutral."""
    return round(gaussian(rng, share) * 6) / 6


def measured(draw: Draw) -> ScoreDensities:
    """Measure a scorer on 8,000 labelled posts."""
    rng = random.Random(5)
    labels = [k % 4 == 0 for k in range(8000)]
    return ScoreDensities.from_labelled([draw(rng, float(n)) for n in labels], labels)


SCORERS = {
    "continuous": (gaussian, measured(gaussian)),
    "ties": (coarse, measured(coarse)),
    "unknown": (gaussian, None),
}


def peaks(
    scorer: str, streams: int, before: int, after: int, *, turned: float = 0.0, tolerate: float = 0.0
) -> Iterator[float]:
    """The highest log wealth of streams in which just `turned` of the later mentions have turned negative."""
    draw, densities = SCORERS[scorer]
    for k in range(streams):
        rng = random.Random(f"{scorer}:{k}")
        test = ShareTest(
            [draw(rng, 0.2) for _ in range(before)], alpha=0.05, tolerate=tolerate, densities=densities, seed=k
        )
        for _ in range(after):
            clean = draw(rng, 0.2)
            test.update(max(clean, draw(rng, 1.0)) if rng.random() < turned else clean)
        yield test.max_log_wealth


def false_halts(levels: list[float], alpha: float) -> int:
    """Count the streams that were ever halted at this level."""
    return sum(peak >= -math.log(alpha) for peak in levels)


def most(streams: int, alpha: float) -> float:
    """More halts than this at a true rate of alpha has a chance of about 1 in 1,000."""
    return streams * alpha + 3.1 * math.sqrt(streams * alpha * (1 - alpha))


@pytest.mark.parametrize(("scorer", "before"), [("continuous", 100), ("ties", 30), ("unknown", 10)])
def test_unchanged_streams_are_halted_no_more_often_than_alpha(scorer: str, before: int) -> None:
    """Ville's bound at three levels, looking after each mention."""
    levels = list(peaks(scorer, 200, before, 110))
    for alpha in (0.05, 0.01, 0.001):
        assert false_halts(levels, alpha) <= most(200, alpha)


def test_tolerated_streams_are_halted_no_more_often_than_alpha() -> None:
    """Five points of the mentions turned, five tolerated."""
    levels = list(peaks("continuous", 150, 200, 200, turned=0.05, tolerate=0.05))
    assert false_halts(levels, 0.05) <= most(150, 0.05)


def overpay(monkeypatch: pytest.MonkeyPatch, times: float) -> None:
    """Let every bet pay so many times what is fair."""
    honest = bets.pays

    def generous(terms: bets.Terms, before: float, after: float, polluted: float) -> tuple[list[float], list[float]]:
        edges, fair = honest(terms, before, after, polluted)
        return edges, [times * pay for pay in fair]

    monkeypatch.setattr(bets, "pays", generous)
    monkeypatch.setattr(bets, "columns", cache(bets.columns.__wrapped__))
    monkeypatch.setattr(bets, "table", cache(bets.table.__wrapped__))


def test_a_broken_normaliser_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pay-offs 2 % too high fail the very bound the tests above hold."""
    overpay(monkeypatch, 1.02)
    assert false_halts(list(peaks("continuous", 60, 100, 200)), 0.05) > most(60, 0.05)


@pytest.mark.parametrize("tolerate", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("polluted", [0.0, 0.2, 0.6])
def test_every_bet_is_fair_falling_and_pays_for_the_tolerance(polluted: float, tolerate: float) -> None:
    """Integral over uniform ranks at most 1, exactly 1 when nothing is tolerated; never rising in the rank."""
    d = SCORERS["continuous"][1]
    assert d is not None
    for before in (0.1, 0.3, 0.8):
        for by, _ in bets.EFFECTS:
            for anything in (False, True):
                after = bets.raised(before, by)
                edges, g = bets.pays(bets.Terms(d, tolerate, anything=anything), before, after, polluted)
                ends = [0.0, *edges, 1.0]
                area = math.fsum(x * (b - a) for x, a, b in zip(g, ends, ends[1:], strict=False))
                worst = g[0] if anything else bets.mean_over_negatives(d, before, edges, g)
                assert (1 - tolerate) * area + tolerate * worst == pytest.approx(1, abs=1e-12)
                assert area <= 1 + 1e-12
                assert g == sorted(g, reverse=True)


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_best_odds_are_those_of_the_exact_wealth_in_any_unit(scorer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between new peaks the wealth is only estimated; no peak is missed, nor where the unit changes all the time."""
    draw, densities = SCORERS[scorer]
    rng = random.Random(scorer)
    baseline = [draw(rng, 0.2) for _ in range(100)]
    later = [draw(rng, share) for share in (0.1, 0.6, 0.1, 0.9) for _ in range(60)]
    tests = []
    for faint in (1e-100, 0.9):
        monkeypatch.setattr("gate.decide.martingale.FAINT", faint)
        test = ShareTest(baseline, alpha=0.01, tolerate=0.02, densities=densities, seed=3)
        peak = 0.0
        for score in later:
            test.update(score)
            peak = max(peak, test.log_wealth)
            assert test.max_log_wealth == pytest.approx(peak, abs=1e-12)
            assert test.rejected == (test.max_log_wealth >= math.log(100))
        tests.append(test)
    assert tests[0].max_log_wealth == pytest.approx(tests[1].max_log_wealth)
    assert tests[0].max_log_wealth > 0


def test_bets_laid_out_together_pay_what_each_pays_alone() -> None:
    """One row for each interval of ranks, one column for each effect on each share before, whichever is asked for first."""
    d = SCORERS["continuous"][1]
    assert d is not None
    shares, terms = (0.22, 0.31), bets.Terms(d, 0.02, anything=False)
    table = bets.table(terms, shares, 4)
    alone = [
        bets.pays(terms, before, bets.raised(before, by), 4 * bets.STEP) for before in shares for by, _ in bets.EFFECTS
    ]
    at = [k / 997 for k in range(997)]
    for p in (*table.edges, *reversed(at), *at):
        assert table.row(p) == tuple(g[bisect_right(edges, p)] for edges, g in alone)


def test_a_clear_rise_is_found_soon_and_a_fall_never() -> None:
    """0.20 to 0.50 within 200 mentions in at least fourteen streams of twenty; 0.35 to 0.20 in none."""
    draw, densities = SCORERS["continuous"]
    found = 0
    for k in range(20):
        rng = random.Random(k)
        up, down = (
            ShareTest([draw(rng, share) for _ in range(400)], alpha=0.01, tolerate=0.02, densities=densities, seed=k)
            for share in (0.2, 0.35)
        )
        for _ in range(200):
            up.update(draw(rng, 0.5))
            down.update(draw(rng, 0.2))
        found += up.rejected
        assert not down.rejected
    assert found >= 14


def test_a_mood_that_turns_late_is_found_soon() -> None:
    """0.20 to 0.60 after 200 calm mentions: found within 200 more in at least sixteen streams of twenty."""
    draw, densities = SCORERS["continuous"]
    found = 0
    for k in range(20):
        rng = random.Random(f"late:{k}")
        test = ShareTest([draw(rng, 0.2) for _ in range(300)], alpha=0.01, tolerate=0.02, densities=densities, seed=k)
        for n in range(400):
            test.update(draw(rng, 0.2 if n < 200 else 0.6))
        found += test.rejected
    assert found >= 16


def threads(rng: random.Random, share: float, posts: int) -> list[float]:
    """Draw posts in threads that agree."""
    out: list[float] = []
    while len(out) < posts:
        negative = float(rng.random() < share)
        out += [gaussian(rng, negative) for _ in range(int(rng.paretovariate(1.6)))]
    return out[:posts]


def test_threads_are_recognised_and_seldom_halt() -> None:
    """Unchanged streams in threads: phi above 1 in seven of ten, and few false halts."""
    halted = bursty = 0
    for k in range(60):
        rng = random.Random(f"threads:{k}")
        test = ShareTest(threads(rng, 0.2, 500), alpha=0.01, tolerate=0.02, densities=SCORERS["continuous"][1], seed=k)
        bursty += test.burstiness > 1
        for s in threads(rng, 0.2, 300):
            test.update(s)
        halted += test.rejected
    assert bursty >= 42
    assert halted <= 6


def test_independent_posts_are_seldom_taken_for_threads() -> None:
    """Phi is exactly 1 in nearly nine streams of ten, and below 1.5 in nineteen of twenty."""
    phis = [Bursts([gaussian(rng, 0.2) for _ in range(400)], rng.random).phi for rng in map(random.Random, range(200))]
    assert sum(phi == 1 for phi in phis) >= 170
    assert sum(phi < 1.5 for phi in phis) >= 190


def test_the_same_stream_gives_the_same_wealth() -> None:
    """Bytes in, bytes out: ties are broken by the seed alone."""
    assert list(peaks("ties", 3, 50, 50)) == list(peaks("ties", 3, 50, 50))


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
def test_a_score_outside_the_unit_interval_is_refused(score: float) -> None:
    """Rather than ranked."""
    with pytest.raises(ValueError, match="score"):
        ShareTest([0.5], alpha=0.01, tolerate=0, densities=None, seed=0).update(score)


def test_without_a_baseline_nothing_is_ever_found() -> None:
    """There is nothing to compare with; a constant stream is all ties."""
    test = ShareTest([], alpha=0.01, tolerate=0, densities=None, seed=0)
    for _ in range(200):
        test.update(1.0)
    assert not test.rejected


def test_bounds_cover_at_every_look() -> None:
    """The bound on the mean misses in fewer streams than alpha, the bounds on the change too."""
    missed = [0, 0, 0]
    for k in range(150):
        rng = random.Random(f"bounds:{k}")
        before = [rng.betavariate(1, 3) for _ in range(200)]
        mean, exact, sharp = MeanBound(alpha=0.1), ExactChangeBound(before, alpha=0.1), ChangeBound(before, alpha=0.1)
        off = [False] * 3
        for _ in range(200):
            x = rng.betavariate(1, 3)
            mean.add(x)
            exact.add(x)
            sharp.add(x)
            low, high = mean.interval()
            changes = [(c.low, c.high) for c in (exact.now(), sharp.now())]
            off = [
                was or not a <= truth <= b
                for was, (a, b), truth in zip(off, [(low, high), *changes], (0.25, 0, 0), strict=True)
            ]
        missed = [n + m for n, m in zip(missed, off, strict=True)]
    assert max(missed) <= most(150, 0.1)
