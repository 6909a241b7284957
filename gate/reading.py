"""What counts of the mentions of one period, and what each says: filter, then score."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gate.filters import PhraseFinder, Sieve
from gate.insight.emotion import strongest
from gate.language import Routes, may_be
from gate.model import Dropped, DropReason, Period, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from gate.filters import Filters
    from gate.language import Route
    from gate.model import Mention, Release, Score
    from gate.ports import Scorer

_VOTED = {DropReason.AUTHOR_VOTED, DropReason.CONVERSATION_COUNTED, DropReason.NEAR_DUPLICATE}
"""No second vote on the mood; but whoever names a disaster names it."""
ANOTHER_HOUR = "another hour than the window's"
"""Where a baseline is matched by the hour: the detail of what it leaves out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare, how often to look, and what counts."""

    release: Release
    settle: timedelta
    """The first look is made this long after the deploy; what is written meanwhile counts."""
    every: timedelta
    filters: Filters
    phrases: tuple[str, ...] = ()
    """All phrases of the keyword rules."""
    match: timedelta | None = None
    """Only baseline mentions at the window's time of day (24 h) or of week (7 d) count; None for all."""
    window: timedelta | None = None
    """How long the window was when the run was ordered, if it may have been extended since: the baseline stays what it was."""
    keep_text: bool = False
    emotions: bool = False
    """Whether to read the emotions of what is written after the deploy; reports show them."""
    evidence: bool = True
    """Whether anybody asks for more than the verdict: hashes of the texts, notes on how the two sides of the deploy differ."""

    def matches(self, when: datetime) -> bool:
        """Tell whether what was written then, before the deploy, was at a time of day or week of the window."""
        if self.match is None:
            return True
        start = self._start()
        return (when - start) % self.match < self.release.deployed_at + self._length() - start

    def stretch(self, when: datetime) -> int:
        """Number the stretches of the baseline that are each as long as the window, or its match of another day.

        Who writes often is in each of them, as in the window, and who writes once in one of them: with one vote for all the
        baseline the window, being shorter, would hold more of those who write often, whose mood may be another.
        """
        length = self._length()
        if self.match and self.match > length:
            return (when - self._start()) // self.match
        return (when - self.release.deployed_at) // length

    def _length(self) -> timedelta:
        return self.window or self.release.window_to - self.release.deployed_at

    def _start(self) -> datetime:
        return self.release.deployed_at.replace(minute=0, second=0, microsecond=0)


class Reader:
    """Turns the mentions of one period into kept and dropped ones."""

    def __init__(
        self, plan: Plan, period: Period, scorer: Scorer | Routes, hash_author: Callable[[str, str], str]
    ) -> None:
        """Start with nobody having voted."""
        self._plan = plan
        self._period = period
        self._routes = Routes.of(scorer)
        self._several = len(self._routes.routes) > 1
        self._hash_author = hash_author
        self._languages = plan.filters.languages
        self._sieve = Sieve(plan.filters)
        self._finder = PhraseFinder(plan.phrases)
        self._before = period is Period.BASELINE
        self._matched = self._before and plan.match is not None
        self._emotions = period is Period.POST and plan.emotions

    def read(self, mentions: Sequence[tuple[Mention, datetime | None]]) -> list[Scored | Dropped]:
        """Judge and score each mention, in order; with each comes when the gate was given it."""
        judged = [self._judge(mention, seen_at) for mention, seen_at in mentions]
        pairs = zip(mentions, judged, strict=True)
        chosen = [(each[0], mention.text) for (mention, _), each in pairs if isinstance(each, tuple)]
        scores = iter(self._routes.score(chosen) if chosen else ())
        read: list[Scored | Dropped] = []
        for (mention, seen_at), each in zip(mentions, judged, strict=True):
            if isinstance(each, Dropped):
                read.append(each)
            elif (score := next(scores)) is None:
                read.append(self._drop(mention, seen_at, DropReason.UNSCORABLE, "no words"))
            else:
                read.append(self._keep(mention, score, *each, seen_at))
        return read

    def _keep(self, mention: Mention, score: Score, route: Route, language: str, seen_at: datetime | None) -> Scored:
        plan, source, author = self._plan, mention.source, mention.author
        feeling = self._emotions and may_be(language, ("en",))
        return Scored(  # each by its place: by name it takes twice as long
            mention.id,
            source,
            mention.created_at,
            self._period,
            score.negative,
            score.score,
            self._hash_author(source, author) if author else "",
            mention.conversation,
            mention.lang,
            _hash(mention.text) if plan.evidence else "",
            self._finder.find(mention.text) if plan.phrases else (),
            route.name if self._several else "",
            strongest(mention.text) if feeling else "",
            text=mention.text if plan.keep_text else None,
            url=(mention.url or None) if plan.keep_text else None,
            seen_at=seen_at,
        )

    def _judge(self, mention: Mention, seen_at: datetime | None) -> Dropped | tuple[Route, str]:
        """Return who reads the mention and its language, or why it does not count."""
        if self._matched and not self._plan.matches(mention.created_at):
            return self._drop(mention, seen_at, DropReason.OUTSIDE_WINDOW, ANOTHER_HOUR)
        wanted = self._languages
        choice = self._routes.choose(mention.text, mention.lang, detecting=bool(wanted))
        if choice.route is None:
            return self._drop(mention, seen_at, DropReason.LANGUAGE, choice.refusal)
        if choice.detected and not may_be(choice.language, wanted):
            return self._drop(mention, seen_at, DropReason.LANGUAGE, f"detected {choice.language}")
        found = self._sieve.judge(mention, self._plan.stretch(mention.created_at) if self._before else 0)
        if found is None:
            return choice.route, choice.language
        dropped = self._drop(mention, seen_at, *found)
        if found[0] not in _VOTED or not (phrases := self._finder.find(mention.text)):
            return dropped
        author = self._hash_author(mention.source, mention.author) if mention.author else ""
        return replace(dropped, author=author, phrases=phrases)

    def _drop(self, mention: Mention, seen_at: datetime | None, reason: DropReason, detail: str) -> Dropped:
        return Dropped(
            id=mention.id,
            source=mention.source,
            created_at=mention.created_at,
            period=self._period,
            reason=reason,
            detail=detail,
            text_hash=_hash(mention.text) if self._plan.evidence else "",
            seen_at=seen_at,
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
