"""All that is known of one run, from its log or from its evidence pack: what charts, pages and files are made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from gate.canonical import from_plain
from gate.model import NOTHING, Coverage, Decision, Outcome, Period, Release, Tally, Verdict
from gate.report.actions import acted_of
from gate.report.content import Report, Sample
from gate.report.story import Entry, entries
from gate.report.telling import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gate.report.actions import Acted
    from gate.report.telling import Event

MOST_SAMPLES = 5


class Voice(Protocol):
    """A mention that counts, whoever keeps it."""

    @property
    def created_at(self) -> datetime:
        """When it was written."""

    @property
    def period(self) -> Period:
        """On which side of the deploy."""

    @property
    def source(self) -> str:
        """Who delivered it."""

    @property
    def negative(self) -> float:
        """Probability that it is negative."""

    @property
    def score(self) -> float:
        """Mood, -1 … 1."""

    @property
    def text(self) -> str | None:
        """What was written, where that is kept."""

    @property
    def url(self) -> str | None:
        """Of the post, where that is kept."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One look, without the mentions it saw."""

    number: int
    at: datetime
    next_at: datetime | None
    kept: int
    dropped: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Dossier:
    """A run, whole or as far as it has come."""

    run: str
    release: Release
    state: str
    """``running``, ``done``, ``cancelled`` or ``broken``."""
    verdict: Verdict | None
    """The latest; None before the first look."""
    reason: str = ""
    """Why it was cancelled or broke."""
    looks: tuple[Glimpse, ...] = ()
    baseline: tuple[Coverage, ...] = ()
    voices: tuple[Voice, ...] = ()
    """Mentions that count, those of control sources left out."""
    notes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    log: tuple[Entry, ...] = ()
    actions: tuple[Acted, ...] = ()
    """What was done about how it ended."""

    @property
    def running(self) -> bool:
        """Whether it is still under way."""
        return self.state == "running"

    def report(self) -> Report:
        """Return what other reports are written from; a run without a verdict says that there is none."""
        return Report(
            verdict=self.verdict or _none_yet(self),
            release=self.release,
            run=self.run,
            baseline=self.baseline,
            notes=self.notes,
            samples=samples(self.voices),
            moods=tuple(look.verdict.tally.mood_after for look in self.looks),
            actions=self.actions,
        )


class Recorded(Protocol):
    """What the run log says of a run in one row."""

    @property
    def id(self) -> str:
        """Of the run."""

    @property
    def state(self) -> str:
        """Where it is in its life."""

    @property
    def window_to(self) -> datetime:
        """When the window closes, extensions included."""

    @property
    def labels(self) -> Mapping[str, str]:
        """To find it by."""

    @property
    def reason(self) -> str:
        """Why it ended."""


def from_log(run: Recorded, events: Sequence[Event], voices: Iterable[Voice]) -> Dossier:
    """Put together what the run log holds of a run.

    Raises:
        EvidenceFault: an event cannot be read.
    """
    data: dict[str, Any] = {event.kind: event.data for event in events}
    release = replace(from_plain(Release, data["started"]["release"], "the run log"), window_to=run.window_to)
    looks = tuple(_glimpse(event.data) for event in events if event.kind == "look")
    latest = looks[-1].verdict if looks else None
    for event in events:
        if event.kind != "look" and "verdict" in event.data:
            latest = from_plain(Verdict, event.data["verdict"], "the run log")
    before = data.get("baseline", {})
    baseline = tuple(from_plain(Coverage, each, "the run log") for each in before.get("coverage", ()))
    notes = [*before.get("notes", ()), *(note for event in events if event.kind == "look" for note in _notes(event))]
    controls = {each.source for each in baseline if each.control}
    return Dossier(
        run=run.id,
        release=release,
        state=str(run.state),
        verdict=latest,
        reason=run.reason,
        looks=looks,
        baseline=baseline,
        voices=tuple(voice for voice in voices if voice.source not in controls),
        notes=tuple(dict.fromkeys(notes)),
        labels=run.labels,
        log=tuple(entries(events)),
        actions=tuple(acted_of(event.data) for event in events if event.kind == "action"),
    )


def samples(voices: Iterable[Voice], most: int = MOST_SAMPLES) -> tuple[Sample, ...]:
    """Return the most negative mentions since the deploy whose text is kept, most negative first."""
    said = [voice for voice in voices if voice.text and voice.period is Period.POST]
    said.sort(key=lambda voice: -voice.negative)
    return tuple(Sample(voice.score, voice.text or "", voice.url or "") for voice in said[:most])


def _glimpse(data: Mapping[str, Any]) -> Glimpse:
    verdict = from_plain(Verdict, data["verdict"], "the run log")
    dropped = data["dropped"]
    return Glimpse(
        number=int(data["number"]),
        at=time_of(data["at"]) or verdict.decided_at,
        next_at=time_of(data.get("next_at")),
        kept=int(data["kept"]),
        dropped=dropped if isinstance(dropped, int) else sum(dropped.values()),
        verdict=verdict,
    )


def _notes(event: Event) -> Iterable[str]:
    return map(str, event.data.get("notes", ()))


def _none_yet(dossier: Dossier) -> Verdict:
    nothing = Tally(0, 0, 0, 0, None, None, None, None)
    outcome, why = Outcome.WAITING, "no look was made yet"
    if not dossier.running:
        outcome, why = Outcome.ERROR, dossier.reason or "it ended without a verdict"
    at = dossier.log[-1].at if dossier.log else dossier.release.deployed_at
    return Verdict(outcome, Decision.HOLD, dossier.state, why, at, "", None, nothing)
