"""The ladder from findings to outcome, rung by rung."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from gate.decide import Decider, Keyword, Minimum, On, Rules, Share, Threshold
from gate.decide.ladder import climb, decision
from gate.model import Coverage, Decision, Finding, Outcome, Period, Tally, Verdict
from tests.support import DEPLOY, release, scored

HEARD = Coverage("x", required=True, complete=True, reason="", fetched=40, kept=40, dropped={})
PARTIAL = replace(HEARD, complete=False, reason="read budget spent")
DOWN = replace(HEARD, complete=False, heard=False, reason="no answer", fetched=0, kept=0)
REFUSED = replace(DOWN, permanent=True, reason="key expired")
ENOUGH = Tally(200, 40, 40, 1, 0.2, 0.2, 0.1, 0.1)
FEW = replace(ENOUGH, mentions_post=3, authors=3)
HARM = Finding("share", harm=True, code="share_rose", sentence="worse", statistical=True)
CALM = replace(HARM, harm=False, code="share_held", sentence="as before")
NO_BASELINE = replace(CALM, code="baseline_too_small", ready=False, sentence="0 mentions before the deploy, 10 needed")
WORDS = Finding("keyword", harm=True, code="phrase_named", sentence="three say so", decision=Decision.HOLD)
RULES = Rules((Share(),), Minimum(), On(Decision.HOLD, Decision.HALT))


@pytest.mark.parametrize(
    ("finding", "tally", "coverage", "closed", "outcome", "code"),
    [
        (HARM, ENOUGH, HEARD, False, Outcome.FAIL, "share_rose"),
        (HARM, ENOUGH, PARTIAL, True, Outcome.FAIL, "share_rose"),
        (HARM, FEW, HEARD, False, Outcome.WAITING, "window_open"),
        (HARM, FEW, HEARD, True, Outcome.INCONCLUSIVE, "too_few_mentions"),
        (WORDS, FEW, HEARD, False, Outcome.FAIL, "phrase_named"),
        (CALM, ENOUGH, HEARD, False, Outcome.WAITING, "window_open"),
        (CALM, ENOUGH, HEARD, True, Outcome.PASS, "no_harm"),
        (CALM, ENOUGH, PARTIAL, True, Outcome.INCONCLUSIVE, "source_incomplete"),
        (CALM, FEW, HEARD, True, Outcome.INCONCLUSIVE, "too_few_mentions"),
        (CALM, FEW, DOWN, False, Outcome.WAITING, "window_open"),
        (CALM, FEW, DOWN, True, Outcome.ERROR, "source_down"),
        (CALM, FEW, REFUSED, False, Outcome.ERROR, "source_refused"),
        (NO_BASELINE, ENOUGH, HEARD, False, Outcome.INCONCLUSIVE, "baseline_too_small"),
    ],
)
def test_rung(
    finding: Finding,
    tally: Tally,
    coverage: Coverage,
    closed: bool,  # noqa: FBT001 - a column of the table
    outcome: Outcome,
    code: str,
) -> None:
    """Each state of the evidence leads to one outcome with one code."""
    rung = climb(RULES, [finding], tally, [coverage], closed=closed)
    assert (rung.outcome, rung.code) == (outcome, code)
    assert rung.reason


def test_a_release_passes_early_only_where_every_rule_could_judge() -> None:
    """Harm ruled out by one rule is no pass while a control is too thin for another to tell."""
    rules = replace(RULES, promote_early=True)
    ruled_out, thin = replace(CALM, ruled_out=True), replace(CALM, rule="surge", code="control_too_thin", ready=False)
    early = climb(rules, [ruled_out, CALM], ENOUGH, [HEARD], closed=False)
    assert (early.outcome, early.code) == (Outcome.PASS, "ruled_out_early")
    assert climb(rules, [ruled_out, thin], ENOUGH, [HEARD], closed=False).outcome is Outcome.WAITING


@pytest.mark.parametrize(
    ("post", "authors", "elapsed", "sentence"),
    [
        (
            60,
            60,
            60,
            "60 mentions since the deploy, 200 needed; that takes about 140 more mentions or 3 h at this rate",
        ),
        (
            3,
            3,
            45,
            "3 mentions since the deploy, 200 needed; 3 authors, 15 needed; that takes about 200 more mentions or 3 days at this rate",
        ),
        (199, 20, 45, "199 mentions since the deploy, 200 needed; that takes 1 more mention or 1 min at this rate"),
        (240, 5, 45, "5 authors, 15 needed; that takes about 480 more mentions or 90 min at this rate"),
        (0, 0, 45, "0 mentions since the deploy, 200 needed; 0 authors, 15 needed; that takes about 200 more mentions"),
        (60, 60, 0, "60 mentions since the deploy, 200 needed; that takes about 140 more mentions"),
    ],
)
def test_too_few_mentions_say_what_would_be_needed(post: int, authors: int, elapsed: int, sentence: str) -> None:
    """How many more mentions, and how long that takes at the rate so far where there is one."""
    rules = replace(RULES, minimum=Minimum(mentions=200))
    tally = replace(ENOUGH, mentions_post=post, authors=authors)
    rung = climb(rules, [CALM], tally, [HEARD], closed=True, elapsed=timedelta(minutes=elapsed))
    assert rung.reason == f"too few to tell: {sentence}"


def test_an_optional_source_may_be_down() -> None:
    """What is not required does not stand in the way, as long as something else was heard."""
    optional = replace(DOWN, required=False)
    assert climb(RULES, [CALM], ENOUGH, [HEARD, optional], closed=True).outcome is Outcome.PASS
    assert climb(RULES, [CALM], FEW, [optional], closed=True).outcome is Outcome.ERROR


def test_every_outcome_has_a_decision_and_dry_run_always_promotes() -> None:
    """The policy decides on inconclusive and error; a dry run never stops a rollout."""
    for finding, tally, coverage, closed in product(
        [HARM, CALM], [ENOUGH, FEW], [HEARD, PARTIAL, REFUSED], [True, False]
    ):
        rung = climb(RULES, [finding], tally, [coverage], closed=closed)
        expected = {
            Outcome.PASS: Decision.PROMOTE,
            Outcome.FAIL: Decision.HALT,
            Outcome.INCONCLUSIVE: Decision.HOLD,
            Outcome.ERROR: Decision.HALT,
            Outcome.WAITING: Decision.HOLD,
        }[rung.outcome]
        assert decision(rung, RULES.on, dry_run=False) is expected
        assert decision(rung, RULES.on, dry_run=True) is Decision.PROMOTE


def test_silence_is_not_calm() -> None:
    """No mention at all never passes, whatever the minimum says."""
    with pytest.raises(ValueError, match="silence is not calm"):
        Minimum(mentions=0)
    silent = replace(ENOUGH, mentions_post=0, authors=0, sources=0, share_after=None, mood_after=None)
    assert climb(RULES, [CALM], silent, [HEARD], closed=True).outcome is Outcome.INCONCLUSIVE


def verdict_of(rules: Rules, negatives: list[float], **fields: object) -> Verdict:
    """Fold an unhappy or happy window after a calm baseline."""
    decider = Decider(rules, release())
    for i in range(50):
        decider.fold_baseline(scored(i, 0.1, Period.BASELINE))
    for i, negative in enumerate(negatives):
        decider.fold(scored(i, negative, Period.POST, **fields))
    return decider.decide(at=DEPLOY, closed=True, coverage=[HEARD])


def test_one_author_cannot_decide_by_keyword() -> None:
    """Ten posts of one author are one voice; three authors are enough."""
    rules = Rules((Keyword(any=("data loss",)),), Minimum(mentions=1, authors=1), RULES.on)
    assert verdict_of(rules, [0.9] * 10, phrases=("data loss",), author="one").outcome is Outcome.PASS
    verdict = verdict_of(rules, [0.9] * 3, phrases=("data loss",))
    assert verdict.outcome is Outcome.FAIL
    assert "“data loss” (3)" in verdict.reason


def test_threshold_speaks_only_with_enough_mentions() -> None:
    """A low mood of 29 mentions says nothing, of 30 it halts or holds as the policy says."""
    rules = Rules((Threshold("mean_score", min=-0.2, decision="hold"),), Minimum(mentions=1, authors=1), RULES.on)
    assert verdict_of(rules, [0.9] * 29).outcome is Outcome.INCONCLUSIVE
    verdict = verdict_of(rules, [0.9] * 30)
    assert (verdict.outcome, verdict.decision) == (Outcome.FAIL, Decision.HOLD)
    assert verdict.reason == "Fail: the mean mood of 30 mentions is -0.80, below the minimum of -0.20."


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Share(alpha=1.5),
        lambda: Share(tolerate=-0.1),
        lambda: Threshold("mean_score"),
        lambda: Threshold("negative_share", max=4.0),
        lambda: Threshold("mean_score", min=0.0, min_mentions=0),
        lambda: Keyword(any=(" ",)),
        lambda: Keyword(any=("x",), authors=0),
    ],
    ids=["alpha", "tolerate", "no bound", "bound never reached", "no mentions", "no phrase", "no author"],
)
def test_rules_that_mean_nothing_are_refused(wrong: type) -> None:
    """A rule that can never or always trip is a mistake."""
    with pytest.raises(ValueError, match=r"\w"):
        wrong()
