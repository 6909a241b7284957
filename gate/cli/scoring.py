"""What ``gate score`` does: by which scorers it reads, and what it writes of each text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gate.cli.texts import Item
    from gate.language import Choice, Routes
    from gate.model import Score

MOST_WORDS = 10
"""That ``--explain`` shows of one text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write of each text."""

    routes: Routes
    explain: bool
    emotions: bool


def routes_by(name: str | None, policy: Path | None) -> Routes:
    """Build the scorer of this name, or those of a policy.

    Raises:
        UsageFault: both are given, or the scorer has options that must be given.
    """
    from gate.clock import SystemClock
    from gate.errors import UsageFault
    from gate.language import Route, Routes
    from gate.policy import DEFAULT_SCORER, load
    from gate.wiring_scorers import build_routes, build_scorer, default_options, scorer_context

    if policy is None:
        name = name or DEFAULT_SCORER
        return Routes(Route(name, build_scorer(name, default_options("scorers", name))))
    if name:
        message = "--scorer and --policy both name a scorer"
        raise UsageFault(message, hint="leave one of them out")
    given = load(policy)
    return build_routes(given.scorer, scorer_context(given, SystemClock(), os.environ))


def must_explain(routes: Routes) -> None:
    """Refuse scorers that cannot say which words moved the score.

    Raises:
        UsageFault: one of them cannot.
    """
    from gate.errors import UsageFault
    from gate.ports import Explainer

    for route in routes.routes:
        if not isinstance(route.scorer, Explainer):
            message = f"scorer {route.name} cannot say which words moved its score"
            raise UsageFault(message, hint="leave --explain out, or use blend or vader")


def lines(batch: Sequence[Item], wanted: Wanted) -> Iterator[bytes]:
    """Score a batch, and write a line for each text in order."""
    from gate.report import safe

    choices = [wanted.routes.choose(item.text, item.lang) if item.text is not None else None for item in batch]
    chosen = [
        (choice.route, item.text)
        for item, choice in zip(batch, choices, strict=True)
        if choice and choice.route and item.text is not None
    ]
    scores = iter(wanted.routes.score(chosen))
    for item, choice in zip(batch, choices, strict=True):
        score = next(scores) if choice and choice.route else None
        row = {**item.known, **_row(item.text, choice, score, wanted), "scorer": _name(choice, wanted.routes)}
        yield safe.json(row).encode() + b"\n"


def _name(choice: Choice | None, routes: Routes) -> str:
    """Return who scored the text, or all who might have."""
    if choice and choice.route:
        return choice.route.name
    return ", ".join(route.name for route in routes.routes)


def _row(text: str | None, choice: Choice | None, score: Score | None, wanted: Wanted) -> dict[str, Any]:
    if text is None or choice is None:
        return {"dropped": "unreadable"}
    if choice.route is None:
        return {"dropped": "language", "detail": choice.refusal}
    if score is None:
        return {"dropped": "unscorable"}
    parts = {"negative": score.negative, "neutral": score.neutral, "positive": score.positive, "score": score.score}
    row: dict[str, Any] = {key: number for key, number in parts.items() if number is not None}
    if wanted.explain:
        # That it can was asked before the first line.
        words = choice.route.scorer.explain(text)[:MOST_WORDS]  # type: ignore[attr-defined]
        row["words"] = [[word, round(weight, 4)] for word, weight in words]
    if wanted.emotions:
        from gate.insight.emotion import emotions

        row["emotions"] = {name: strength for name, strength in emotions(text).items() if strength}
    return row
