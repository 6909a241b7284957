"""An evidence pack of a run that is in the run log only, made from what was recorded of it."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import evidence, wiring
from gate.canonical import dumps, from_plain, loads
from gate.errors import EvidenceFault, UsageFault
from gate.model import Coverage, Look, Release, Verdict
from gate.store import Seen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gate.store import Event, Run, Store

_STRANGER = re.compile(r"(.+): nothing from before the deploy, so it is not compared")
_README = """\
Run {run}.

log.jsonl    every event of the run, each with the hash of the one before it; the last hash is
             {head}
evidence/    the run as an evidence pack: gate replay {run}/evidence

{replay}
"""
_AGAIN = "Deciding again from it comes to the verdict of the last look."
_OTHERWISE = """\
Deciding again from it does not come to what is recorded: {why}. The run log keeps numbers and hashes of mentions only,
and leaves out who wrote those that did not count, or somebody has forgotten mentions since. The log is what counts."""


def zipped(store: Store, run_id: str) -> bytes:
    """Return log and evidence of a run in a ZIP file.

    Raises:
        NoSuchRun: there is none of that id.
        UsageFault: no look has been made yet.
        EvidenceFault: what is recorded cannot be read.
    """
    run, events = store.run(run_id), store.events(run_id)
    with tempfile.TemporaryDirectory() as folder, io.BytesIO() as file:
        pack = Path(folder) / "evidence"
        _write(pack, run, events, store.seen(run_id), store.policy_text(run_id))
        about = _README.format(run=run.id, head=run.head, replay=_replayed(pack))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            # Names are ours: nothing that anybody wrote becomes a path.
            archive.writestr(f"{run.id}/README.txt", about)
            archive.writestr(f"{run.id}/log.jsonl", b"".join(dumps(event) + b"\n" for event in events))
            for each in sorted(pack.iterdir()):
                archive.write(each, f"{run.id}/evidence/{each.name}")
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class _Heard:
    kept: tuple[Any, ...]
    dropped: tuple[Any, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


def _write(pack: Path, run: Run, events: Sequence[Event], seen: Mapping[int, Seen], policy_text: str) -> None:
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
    evidence.write_pack(
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
    look = seen.get(number, Seen())
    kept = [
        replace(each, control=each.source in controls, compared=each.source not in strangers)
        if each.source in controls or each.source in strangers
        else each
        for each in look.kept
    ]
    return {"kept": tuple(kept), "dropped": tuple(look.dropped)}


def _controls(coverage: Sequence[Mapping[str, Any]]) -> list[str]:
    return [each["source"] for each in coverage if each["control"]]


def _replayed(pack: Path) -> str:
    try:
        wiring.decide_again(evidence.read_pack(pack))
    except EvidenceFault as fault:
        return _OTHERWISE.format(why=fault.message)
    return _AGAIN
