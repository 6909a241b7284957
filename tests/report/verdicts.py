"""Verdicts to write about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gate.model import Cost, Coverage, Decision, Finding, Outcome, Release, Tally, Verdict
from gate.report.content import Report, Sample
from tests.support import DEPLOY, release

DECIDED = DEPLOY + timedelta(minutes=17)
REASON = (
    "58 % of 43 mentions since the deploy are negative, 21 % of 180 before; 1 in 2,300 if the release were harmless"
)
TALLY = Tally(
    mentions_baseline=180,
    mentions_post=43,
    authors=38,
    sources=2,
    share_before=0.21,
    share_after=0.58,
    mood_before=0.31,
    mood_after=-0.42,
)
FINDINGS = (
    Finding("share", harm=True, code="share_rose", sentence=REASON, numbers={"odds": 2345.0, "odds_needed": 100.0}),
    Finding("keyword", harm=False, code="phrase_rare", sentence="1 of 3 authors name a listed phrase"),
    Finding("threshold", harm=False, code="too_few_mentions", sentence="12 mentions, 30 needed", ready=False),
)
COVERAGE = (
    Coverage("x", True, True, "", 52, 43, {"repost": 7, "language": 2}, Cost(4, 120, 0.6)),  # noqa: FBT003
    Coverage("mastodon", False, False, "connection refused", 0, 0, {}, heard=False),  # noqa: FBT003
)
FAIL = Verdict(
    outcome=Outcome.FAIL,
    decision=Decision.HALT,
    code="share_rose",
    reason=f"Fail: {REASON}.",
    decided_at=DECIDED,
    rule="share",
    odds=2345.0,
    tally=TALLY,
    findings=FINDINGS,
    coverage=COVERAGE,
)
NOTHING = Tally(
    mentions_baseline=0,
    mentions_post=0,
    authors=0,
    sources=0,
    share_before=None,
    share_after=None,
    mood_before=None,
    mood_after=None,
)
"""Nobody wrote anything, before or since."""


def report(verdict: Verdict = FAIL, **fields: object) -> Report:
    """Build a report with everything in it."""
    values: dict[str, object] = {
        "release": release(),
        "run": "261121-140000-x7k2qa",
        "evidence": "evidence/brimly",
        "notes": ("x: two times stood without a zone",),
        "samples": (Sample(-0.9, "it crashes at login", "https://posts.example/1"), Sample(-0.5, "lost my draft")),
        "moods": (0.3, 0.1, -0.2, -0.42),
        **fields,
    }
    return Report(verdict, **values)  # type: ignore[arg-type]


def hostile_report(text: str) -> Report:
    """Build a report in which every text that comes from outside is ``text``."""
    coverage = tuple(replace(each, complete=False, reason=text) for each in COVERAGE)
    findings = tuple(replace(each, sentence=text) for each in FINDINGS)
    verdict = replace(FAIL, reason=text, findings=findings, coverage=coverage)
    named = Release(text, DEPLOY, DEPLOY, DEPLOY, DEPLOY)
    return report(verdict, release=named, notes=(text,), samples=(Sample(-1.0, text, text),), run=text, evidence=text)
