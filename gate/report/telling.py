"""What one event of a run log says, in sentences. Not yet safe to print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gate.canonical import from_plain
from gate.decide.words import mentions, percent
from gate.errors import EvidenceFault
from gate.model import Cost, Coverage, Release, Verdict
from gate.report import actions, content, costs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Data = Mapping[str, Any]

NONE = Cost()


class Event(Protocol):
    """One entry of the run log."""

    @property
    def kind(self) -> str:
        """What happened, e.g. ``look``."""

    @property
    def at(self) -> datetime:
        """When it was recorded."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What is known of it, in JSON's types."""


def look_sentence(
    number: int, kept: int, dropped: Mapping[str, int], verdict: Verdict, next_at: datetime | None, spent: Cost = NONE
) -> str:
    """Say one look in one line.

    Args:
        number: of the look.
        kept: mentions that were new and count.
        dropped: number of new mentions that do not count, by reason.
        verdict: what was concluded from everything so far.
        next_at: when the next look is due, if there is one.
        spent: what the run has cost so far.
    """
    parts = [f"look {number}: {_new(kept, dropped)}", _shares(verdict)]
    if verdict.odds is not None:
        parts.append(f"odds {content.odds(verdict.odds)}")
    if cost := costs.spent(spent):
        parts.append(f"{cost} so far")
    parts.append(verdict.outcome.value)
    if next_at:
        parts.append(f"next look {next_at:%H:%M:%S}")
    return "; ".join(parts)


class Sources:
    """Remembers what was said of each source, so that the same trouble is told once."""

    def __init__(self) -> None:
        """Start with nothing said: a source is taken to be complete."""
        self._told: dict[str, str] = {}
        self._before = Cost()

    def paid(self, heard: Iterable[Coverage]) -> None:
        """Remember what the baseline cost."""
        self._before = costs.total(heard)

    def spent(self, heard: Iterable[Coverage]) -> Cost:
        """Return what the run has cost, the baseline included."""
        return self._before + costs.total(heard)

    def news(self, heard: Iterable[Coverage]) -> list[str]:
        """Return a sentence for each source that is not as it was: not complete, or complete again."""
        sentences = []
        for each in heard:
            state = content.state(each)
            if self._told.get(each.source, "complete") != state:
                sentences.append(f"source {each.source} {state}")
            self._told[each.source] = state
        return sentences


def baseline_sentence(kept: int, dropped: Mapping[str, int], share: float | None, mood: float | None) -> str:
    """Say what was heard from before the deploy."""
    heard = f"baseline: {_account(kept, dropped)}"
    return heard if share is None or mood is None else f"{heard}; {percent(share)} negative, mood {mood:+.2f}"


def tell(event: Event, sources: Sources) -> list[str]:
    """Return what an event says, first the gist; one that cannot be read says so."""
    teller = _TELLERS.get(event.kind)
    try:
        return teller(event.data, sources) if teller else _fields(event.kind, event.data)
    except (EvidenceFault, KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"{event.kind} (cannot be read: {type(error).__name__} {error}; see `gate log --verify`)"]


def _started(data: Data, _sources: Sources) -> list[str]:
    release = from_plain(Release, data["release"], "release")
    lines = [
        f"run started: {release.name} deployed {_long(release.deployed_at)}, watched until {_long(release.window_to)}",
        f"compared with {_long(release.baseline_from)} to {_long(release.baseline_to)}",
    ]
    facts = [f"sources {', '.join(map(str, data['sources']))}"] if data.get("sources") else []
    facts += [f"scorer {data['scorer']}"] if data.get("scorer") else []
    facts += [f"policy {str(data['policy_digest'])[:12]}"]
    facts += [f"{name} {value}" for kind in ("versions", "labels") for name, value in data.get(kind, {}).items()]
    told = "dry run: the pipeline is told to promote whatever is seen, unless a person decides"
    facts += [told] if data.get("dry_run") else []
    return [*lines, "; ".join(facts)]


def _baseline(data: Data, sources: Sources) -> list[str]:
    said = baseline_sentence(int(data["kept"]), _by_reason(data["dropped"]), data.get("share"), data.get("mood"))
    heard = [from_plain(Coverage, each, "baseline") for each in data.get("coverage", ())]
    sources.paid(heard)
    cost = costs.spent(sources.spent(()))
    notes = [note for note in _notes(data) if not note.endswith(tuple(each.reason for each in heard if each.reason))]
    return [f"{said}; {cost}" if cost else said, *sources.news(heard), *notes]


def _look(data: Data, sources: Sources) -> list[str]:
    verdict = from_plain(Verdict, data["verdict"], "look")
    new, spent = _by_reason(data["dropped"]), sources.spent(verdict.coverage)
    said = look_sentence(int(data["number"]), int(data["kept"]), new, verdict, time_of(data.get("next_at")), spent)
    return [said, *sources.news(verdict.coverage), *_notes(data)]


def _verdict(data: Data, sources: Sources) -> list[str]:
    verdict = from_plain(Verdict, data.get("verdict", data), "verdict")
    cost = costs.spent(sources.spent(verdict.coverage))
    facts = f"code {verdict.code}" + (f"; the run cost {cost}" if cost else "")
    return [f"verdict: {' '.join(content.headline(verdict))}", facts]


def _cancelled(data: Data, _sources: Sources) -> list[str]:
    return [f"cancelled: {data['why']}; no verdict was reached"]


def _extended(data: Data, _sources: Sources) -> list[str]:
    return [f"extended: watched until {_long(data['until'])} by {data['by']}: {data['why']}"]


def _broken(data: Data, _sources: Sources) -> list[str]:
    return [f"the gate itself broke: {data['why']}; no verdict was reached"]


def _purged(data: Data, _sources: Sources) -> list[str]:
    return [f"purged: who wrote {mentions(int(data['mentions']))} was forgotten ({data['why']}); scores and times stay"]


def _due(data: Data, _sources: Sources) -> list[str]:
    named = ", ".join(str(each["type"]) for each in data["actions"])
    return [f"to do ({data['moment']}): {named}; until {_long(data['deadline'])}"]


def _action(data: Data, _sources: Sources) -> list[str]:
    acted = actions.acted_of(data)
    return [f"action {actions.sentence(acted)}", *([f"next: {acted.hint}"] if acted.hint else [])]


def _note(data: Data, _sources: Sources) -> list[str]:
    return [f"note: {data['text']}"]


_TELLERS: dict[str, Callable[[Data, Sources], list[str]]] = {
    "started": _started,
    "baseline": _baseline,
    "look": _look,
    **dict.fromkeys(("verdict", "approved", "rejected"), _verdict),
    "cancelled": _cancelled,
    "extended": _extended,
    "broken": _broken,
    "purged": _purged,
    "due": _due,
    "action": _action,
    "note": _note,
}


def _fields(kind: str, data: Data) -> list[str]:
    return [f"{kind}: " + ", ".join(f"{name} {value}" for name, value in data.items()) if data else kind]


def _notes(data: Data) -> list[str]:
    return [f"note: {note}" for note in data.get("notes", ())]


def _new(kept: int, dropped: Mapping[str, int]) -> str:
    total = kept + sum(dropped.values())
    if not total:
        return "nothing new"
    return f"{total:,} new ({kept:,} kept{_dropped(dropped)})"


def _account(kept: int, dropped: Mapping[str, int]) -> str:
    return f"{mentions(kept + sum(dropped.values()))} ({kept:,} kept{_dropped(dropped)})"


def _by_reason(dropped: object) -> Mapping[str, int]:
    """Read the counts by reason, or one count without."""
    return {"": dropped} if isinstance(dropped, int) else dict(dropped)  # type: ignore[call-overload]


def _dropped(dropped: Mapping[str, int]) -> str:
    total = sum(dropped.values())
    why = content.reasons(dropped)
    return (f", {total:,} dropped" + (f": {why}" if why else "")) if total else ""


def _shares(verdict: Verdict) -> str:
    tally = verdict.tally
    if tally.share_after is None:
        return "no mention counts yet"
    before = "nothing"
    if tally.share_before is not None:
        before = f"{percent(tally.share_before)} of {tally.mentions_baseline:,}"
    return f"{percent(tally.share_after)} of {tally.mentions_post:,} negative (before {before})"


def time_of(value: object) -> datetime | None:
    """Return a time, given as one or as it is recorded; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None


def _long(value: object) -> str:
    at = time_of(value)
    return content.moment(at) if at else str(value)
