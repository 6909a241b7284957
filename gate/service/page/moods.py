"""The mood over weeks, as standing watches heard it, with every release marked."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, request

from gate.report import charts, costs, safe
from gate.report.charts import drawing
from gate.report.content import count, duration
from gate.service.auth import principal
from gate.service.page.assets import packed
from gate.service.page.listing import HEIGHT, WIDTH, rows
from gate.service.page.pictures import ALONE
from gate.service.page.turns import alone
from gate.service.problems import Problem
from gate.service.services import services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.store import Line, Mood, StandingWatch

WEEKS = (1, 4, 12)
STEPS = {1: timedelta(hours=2), 4: timedelta(hours=6), 12: timedelta(days=1)}
"""Of the line: an hour alone says more about who was awake."""
WIDTHS = {"wide": 1160, "narrow": charts.NARROW}
NEXT_HOUR = timedelta(hours=1)
"""So that the hour under way is shown too."""


class Asked(NamedTuple):
    """What is looked at."""

    watch: StandingWatch | None
    watches: tuple[StandingWatch, ...]
    weeks: int


def shown() -> dict[str, Any]:
    """Return what the page says.

    Raises:
        Problem: the reader has some repositories only, and a watch is of none (404).
    """
    asked = _asked()
    told: dict[str, Any] = {
        "watch": asked.watch,
        "watches": _names(asked.watches),
        "weeks": asked.weeks,
        "choices": WEEKS,
    }
    if asked.watch is None:
        return told
    found = _found(asked)
    mentions = sum(each.mentions for each in found.hours)
    heard = f"{mentions:,} mentions in {count(len(found.hours), 'hour')}, {count(len(found.releases), 'release')}"
    words = f"Mood over {count(asked.weeks, 'week')}: {heard}."
    sources = [
        (
            safe.one_line(each.name, 60),
            each.complete,
            safe.one_line(each.reason, 200),
            each.reached,
            costs.cost(each.cost),
        )
        for each in asked.watch.sources
    ]
    newest = rows(found.releases[::-1])
    return {**told, "name": safe.one_line(asked.watch.name, 100), "words": words, "sources": sources, "releases": newest,
            "every": duration(asked.watch.every), "heard": bool(found.hours), "size": (WIDTH, HEIGHT)}  # fmt: skip


def picture() -> Response:
    """Answer with the chart.

    Raises:
        Problem: there is no such watch, or it is not for the reader (404).
    """
    asked = _asked()
    width = WIDTHS.get(request.args.get("w", "wide"))
    if asked.watch is None or width is None:
        raise Problem(404, "there is nothing at this address")
    found = _found(asked)
    releases = [(line.deployed_at, line.release, line.outcome.value if line.outcome else line.state.value)
                for line in found.releases]  # fmt: skip
    spec = charts.weeks(smoothed(found.hours, STEPS[asked.weeks]), releases, charts.VARIABLES, width)
    with alone():
        drawn = drawing.svg(spec, "Mood over weeks")
    response = packed(drawn.encode(), "image/svg+xml")
    response.headers["Content-Security-Policy"] = ALONE
    return response


def smoothed(hours: Sequence[Mood], step: timedelta) -> list[charts.Mood]:
    """Return the mean mood of longer stretches, each mention counting the same."""
    groups: defaultdict[datetime, list[Mood]] = defaultdict(list)
    for each in hours:
        midnight = each.hour.replace(hour=0, minute=0, second=0, microsecond=0)
        groups[midnight + (each.hour - midnight) // step * step].append(each)
    summed = {start: sum(each.mentions for each in some) for start, some in groups.items()}
    return [
        charts.Mood(start + step / 2, sum(each.score * each.mentions for each in some) / summed[start], summed[start])
        for start, some in groups.items()
        if summed[start]
    ]


class _Found(NamedTuple):
    hours: tuple[Mood, ...]
    releases: tuple[Line, ...]


def _asked() -> Asked:
    if principal().repositories is not None:
        raise Problem(404, "moods are heard for all repositories", hint="open the runs of your own")
    watches = tuple(sorted(services().store.watches(), key=lambda each: (each.name, each.since)))
    wanted = request.args.get("name", "")
    latest = {each.name: each for each in watches}
    weeks = int(text) if (text := request.args.get("weeks", "")).isascii() and text.isdigit() else WEEKS[1]
    return Asked(
        latest.get(wanted) or next(iter(latest.values()), None),
        tuple(latest.values()),
        weeks if weeks in WEEKS else WEEKS[1],
    )


def _found(asked: Asked) -> _Found:
    assert asked.watch is not None  # noqa: S101 - for the type checker
    until = services().clock.now() + NEXT_HOUR
    moods = services().store.moods(asked.watch.name, until - timedelta(weeks=asked.weeks), until)
    return _Found(moods.hours, moods.releases)


def _names(watches: Sequence[StandingWatch]) -> list[str]:
    return [each.name for each in watches]
