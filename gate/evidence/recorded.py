"""An evidence pack of a run that is in the run log only, made from what was recorded of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gate.canonical import from_plain, loads
from gate.errors import UsageFault
from gate.evidence.writing import write_pack
from gate.model import Coverage, Look, Release, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from gate.model import Dropped, Scored
    from gate.report.telling import Event

_STRANGER = re.compile(r"(.+): nothing from before the deploy, so it is not compared")


class Recorded(Protocol):
    """What the run log says of a run in one row."""

    @property
    def id(self) -> str:
        """Of the run."""

    @property
    def policy(self) -> str:
        """As it took effect, JSON."""

    @property
    def window_to(self) -> datetime:
        """When the window closes, extensions included."""


class Seen(Protocol):
    """The mentions of one look, in the order they counted."""

    @property
    def kept(self) -> Sequence[Scored]:
        """Those that count."""

    @property
    def dropped(self) -> Sequence[Dropped]:
        """Those that do not."""


@dataclass(frozen=True, slots=True)
class _Heard:
    kept: tuple[Any, ...]
    dropped: tuple[Any, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


def write_recorded(
    pack: Path, run: Recorded, events: Sequence[Event], seen: Mapping[int, Seen], policy_text: str
) -> None:
    """Write it into a new folder.

    Args:
        pack: the folder.
        run: whose evidence it is.
        events: all of the run log about it.
        seen: what each look saw, by its number; 0 is the baseline.
        policy_text: as the user wrote it; empty where nobody kept that.

    Raises:
        UsageFault: no look has been made yet.
        EvidenceFault: what is recorded cannot be read.
    """
    first = next(event for event in events if event.kind == "started")
    heard = next((event for event in events if event.kind == "baseline"), None)
    looks = [event for event in events if event.kind == "look"]
    if heard is None or not looks:
        message = f"run {run.id} has no evidence yet: no look has been made"
        raise UsageFault(message, hint="ask again after the first look")
    before = _Heard(
        **_mentions(seen, 0, _controls(heard.data["coverage"]), ()),
        coverage=tuple(from_plain(Coverage, each, "baseline") for each in heard.data["coverage"]),
        notes=tuple(heard.data["notes"]),
    )
    strangers = [found[1] for note in before.notes if (found := _STRANGER.fullmatch(note))]
    release = from_plain(Release, first.data["release"], "started")
    write_pack(
        pack,
        policy_text=policy_text or run.policy,
        policy=loads(run.policy.encode(), "runs.policy"),
        versions=first.data["versions"],
        # Somebody may have let the window close later.
        release=replace(release, window_to=max(release.window_to, run.window_to)),
        baseline=before,
        looks=[_look(event.data, seen, strangers) for event in looks],
    )


def _look(data: Mapping[str, Any], seen: Mapping[int, Seen], strangers: Collection[str]) -> Look:
    verdict = from_plain(Verdict, data["verdict"], "look")
    controls = [each.source for each in verdict.coverage if each.control]
    return Look(
        number=data["number"],
        at=datetime.fromisoformat(data["at"]),
        **_mentions(seen, data["number"], controls, strangers),
        verdict=verdict,
        next_at=datetime.fromisoformat(data["next_at"]) if data["next_at"] else None,
        notes=tuple(data["notes"]),
    )


def _mentions(
    seen: Mapping[int, Seen], number: int, controls: Collection[str], strangers: Collection[str]
) -> dict[str, Any]:
    """Return what a look saw, with what its sources say of each mention."""
    look = seen.get(number)
    kept = [
        replace(each, control=each.source in controls, compared=each.source not in strangers)
        if each.source in controls or each.source in strangers
        else each
        for each in (look.kept if look else ())
    ]
    return {"kept": tuple(kept), "dropped": tuple(look.dropped if look else ())}


def _controls(coverage: Sequence[Mapping[str, Any]]) -> list[str]:
    return [each["source"] for each in coverage if each["control"]]
