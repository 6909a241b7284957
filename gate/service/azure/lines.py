"""What whoever watches a check in Azure DevOps reads: the story of its run, and what that means for the stage. Pure.

Azure reads ``##vso[`` and ``##[`` in lines as commands; every line here has been through ``gate.report.safe``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report import safe
from gate.report.story import Teller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.store import Event

LONGEST = 1000
"""UTF-16 units of a line; Azure takes 1,024."""
EVENT = "azure"
"""Kind of the events in a run's log that say what Azure was told: whoever reads it there need not be told again."""
COLUMNS = 900


def told(events: Sequence[Event], after: int) -> list[str]:
    """Return the story of a run from behind an event on; some of those before are needed, as a line may lean on them."""
    teller, lines = Teller(), list[str]()
    for event in events:
        if event.kind == EVENT:
            continue
        said = teller.lines(event)
        lines += said if event.seq > after else []
    return [_fitted(each) for each in lines]


def started(release: str, until: datetime, answers_by: datetime, where: str) -> list[str]:
    """Say that the gate watches, until when, and where more is to be seen."""
    return [
        _line(f"Sentiment Gate listens to what users write about {release or 'the release'} until {_moment(until)}."),
        _line(f"The check ends then, or as soon as harm is shown; by {_moment(answers_by)} whatever happens. {where}"),
    ]


def held(reason: str, answers_by: datetime, where: str) -> list[str]:
    """Say that the evidence decides nothing, and what happens then."""
    return [
        _line(f"HELD: {reason}"),
        _line(f"Approve or reject it there, or the check fails at {_moment(answers_by)}: {where}"),
    ]


def answered(result: str, reason: str, where: str, *, dry_run: bool) -> list[str]:
    """Say why the check succeeds or fails."""
    aside = " (dry run: it always does)" if dry_run and result == "succeeded" else ""
    word = "succeeds" if result == "succeeded" else "fails"
    return [_line(f"The check {word}{aside}: {reason}"), _line(where)]


def refused(why: str) -> list[str]:
    """Say why the check fails where nothing could be watched."""
    return [_line(f"The check fails, as the gate cannot listen to this release: {why}"),
            _line("Mend that and run the stage again.")]  # fmt: skip


def place(public_url: str, run_id: str) -> str:
    """Say where the run is to be seen."""
    return f"{public_url.rstrip('/')}/runs/{run_id}" if public_url else f"Run {run_id} of the gate"


def _line(text: str) -> str:
    return _fitted(safe.one_line(text, COLUMNS))


def _fitted(line: str) -> str:
    return line.encode("utf-16-le", "replace")[: 2 * LONGEST].decode("utf-16-le", "ignore")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
