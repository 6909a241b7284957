"""Whether a run has something new to tell, and how it is said. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gate.canonical import rfc3339
from gate.service.github import comments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.model import Verdict
    from gate.store import Line

MOST = 8
"""Comments on the way, of the ten that GitHub takes: one is kept for a verdict that holds, one for why it has not begun."""
DELAYED = 2
"""After so many failed attempts to begin, whoever deploys is told why nothing happens: somebody must mend it."""
QUIET = timedelta(minutes=5)
"""Between two comments about how well it is going."""


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell."""

    comment: str
    told: Mapping[str, Any]
    """To be remembered as what was told so far."""


def news(told: Mapping[str, Any], line: Line, verdict: Verdict | None, now: datetime, where: str) -> News | None:
    """Return what is new of a run since the last comment; None if nothing is worth one.

    Args:
        told: what ``News.told`` was the last time; empty for a run of which nothing was told.
        line: the run.
        verdict: of its latest look, if there was one.
        now: the time.
        where: the run is to be seen, in Markdown.
    """
    count = int(told.get("count", 0))
    deaf = sorted(each.source for each in verdict.coverage if not each.complete) if verdict else []
    state = {
        "until": rfc3339(line.window_to),
        "deaf": deaf,
        "suspicious": any(each.harm for each in verdict.findings) if verdict else False,
    }
    before = told.get("state")
    if before == state or count >= MOST:
        return None
    after = {"count": count + 1, "at": rfc3339(now), "state": state}
    if before is None:
        return News(
            comments.started(line.release, line.window_to, where),
            after | {"state": {**state, "deaf": [], "suspicious": False}},
        )
    if before["until"] != state["until"]:
        return News(comments.extended(line.window_to, where), after | {"state": {**before, "until": state["until"]}})
    if now < datetime.fromisoformat(told["at"]) + QUIET:
        return None
    if state["suspicious"] and not before["suspicious"] and verdict:
        sentence = next(each.sentence for each in verdict.findings if each.harm)
        return News(comments.suspicious(sentence, where), after | {"state": {**before, "suspicious": True}})
    if before["deaf"] != deaf:
        return News(comments.deaf(deaf, where), after | {"state": {**before, "deaf": deaf}})
    return None
