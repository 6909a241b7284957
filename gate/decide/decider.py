"""Folds evidence in arrival order and turns it into a verdict at each look."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gate.decide.keyword import KeywordState
from gate.decide.ladder import Rules, climb, decision
from gate.decide.rules import Context
from gate.decide.share import Share, ShareState
from gate.decide.surge import Surge, SurgeState
from gate.model import Outcome, Tally, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.decide.densities import ScoreDensities
    from gate.model import Coverage, Dropped, Release, Scored


class Decider:
    """One run's evidence. Fold the baseline first, then each kept mention as it arrives.

    Folding mention by mention or all at once gives the same verdict, and replaying the same
    mentions gives the same verdict to the byte.
    """

    def __init__(self, rules: Rules, release: Release, densities: ScoreDensities | None = None) -> None:
        """Start with nothing seen.

        Args:
            rules: of the policy.
            release: the periods that are compared.
            densities: of the scorer whose scores are folded; None where it was never measured.
        """
        self._rules = rules
        self._deployed_at = release.deployed_at
        context = Context(release, densities, rules.match)
        self._states = [options.state(context) for options in rules.rules]
        self._baseline = _Side()
        self._post = _Side()
        self._voices = _Voices()

    def fold_baseline(self, scored: Scored) -> None:
        """Add one kept mention from before the deploy."""
        if scored.control:
            self._fold_control(scored)
            return
        self._baseline.add(scored)
        for state in self._states:
            state.fold_baseline(scored)

    def fold(self, scored: Scored) -> None:
        """Add one kept mention from after the deploy."""
        if scored.control:
            self._fold_control(scored)
            return
        self._post.add(scored)
        self._voices.add(scored)
        for state in self._states:
            state.fold(scored)

    def _fold_control(self, scored: Scored) -> None:
        for state in self._states:
            if isinstance(state, ShareState | SurgeState):
                state.fold_control(scored)

    def fold_dropped(self, dropped: Dropped) -> None:
        """Hear a mention that has no vote on the mood out on what it names; only ``keyword`` listens."""
        if dropped.phrases:
            for state in self._states:
                if isinstance(state, KeywordState):
                    state.fold(dropped)

    def compares(self) -> bool:
        """Tell whether any rule compares with the time before the deploy."""
        return any(isinstance(options, Share | Surge) for options in self._rules.rules)

    def settled(self, at: datetime) -> bool:
        """Tell, cheaply, whether a look at this time may come to anything but WAITING while the window is open."""
        self._advance(at)
        return self._rules.promote_early or any(state.harmful() for state in self._states)

    def _advance(self, at: datetime) -> None:
        for state in self._states:
            if isinstance(state, SurgeState):
                state.advance(at)

    def decide(self, *, at: datetime, closed: bool, coverage: Sequence[Coverage]) -> Verdict:
        """Return the verdict on all that was folded so far.

        Args:
            at: the time the look stands for.
            closed: whether the window has closed, so that WAITING is no answer any more.
            coverage: how well each source was heard.
        """
        self._advance(at)
        findings = tuple(state.judge() for state in self._states)
        ours = [source for source in coverage if not source.control]
        tally = self._tally(ours)
        elapsed = at - self._deployed_at
        rung = climb(self._rules, findings, tally, ours, closed=closed, elapsed=elapsed)
        choice = decision(rung, self._rules.on, dry_run=self._rules.dry_run)
        odds = [finding.numbers["odds"] for finding in findings if "odds" in finding.numbers]
        return Verdict(
            outcome=rung.outcome,
            decision=choice,
            code=rung.code,
            reason=f"{_LEAD[rung.outcome]}: {rung.reason}.",
            decided_at=at,
            rule=rung.finding.rule if rung.finding else "",
            odds=max((float(number) for number in odds if isinstance(number, (int, float))), default=None),
            tally=tally,
            findings=findings,
            coverage=tuple(coverage),
            dry_run=self._rules.dry_run,
        )

    def _tally(self, coverage: Sequence[Coverage]) -> Tally:
        before, after = self._baseline, self._post
        return Tally(
            mentions_baseline=before.count,
            mentions_post=after.count,
            authors=self._voices.count(),
            sources=sum(source.kept > 0 for source in coverage),
            share_before=before.share(),
            share_after=after.share(),
            mood_before=before.mood(),
            mood_after=after.mood(),
        )


_LEAD = {
    Outcome.PASS: "Pass",
    Outcome.FAIL: "Fail",
    Outcome.INCONCLUSIVE: "Inconclusive",
    Outcome.ERROR: "Error",
    Outcome.WAITING: "Waiting",
}


class _Side:
    """Counts on one side of the deploy."""

    def __init__(self) -> None:
        self.count = 0
        self.negative = 0
        self.score = 0.0

    def add(self, scored: Scored) -> None:
        self.count += 1
        self.negative += scored.negative > 0.5  # noqa: PLR2004 - the even chance
        self.score += scored.score

    def share(self) -> float | None:
        return self.negative / self.count if self.count else None

    def mood(self) -> float | None:
        return self.score / self.count if self.count else None


class _Voices:
    """Who spoke after the deploy."""

    def __init__(self) -> None:
        self._anonymous = 0
        self._authors: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, scored: Scored) -> None:
        if scored.author:
            self._authors[scored.source].add(scored.author)
        else:
            self._anonymous += 1

    def count(self) -> int:
        return sum(map(len, self._authors.values())) + self._anonymous
