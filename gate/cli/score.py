"""``gate score``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gate.cli.texts import Item
    from gate.language import Choice, Routes
    from gate.model import Score

BATCH = 256
"""Texts scored together at most: enough for scorers that batch, little enough to hold in memory."""
MOST_WORDS = 10
"""That ``--explain`` shows of one text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write of each text."""

    routes: Routes
    name: str
    explain: bool
    emotions: bool


@click.command("score", short_help="Score texts: lines or JSON Lines in, JSON Lines out.")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--scorer", "name", default=None, help="Scorer to use; without it the default one.")
@click.option("--explain", is_flag=True, help="Add the words that moved the score, strongest first.")
@click.option("--emotions", is_flag=True, help="Add the emotions that show, 0 … 1; English words only.")
def command(file: BinaryIO, name: str | None, *, explain: bool, emotions: bool) -> None:
    """Score texts, one a line: plain, or JSON objects with `text` (and `id`, `lang`).

    One JSON object a line comes out, in the same order, as soon as its line is there. A text that
    does not count has `dropped` with the reason in place of the numbers: `unscorable` (nothing to
    read in it), `language` (stated or detected, and not read by the scorer), `unreadable`.

    \b
    echo "the new login is horrible" | gate score --explain
    gate score mentions.jsonl --scorer vader > scores.jsonl
    tail -f posts.txt | gate score
    """
    from gate.cli.texts import batches
    from gate.language import Route, Routes
    from gate.policy import DEFAULT_SCORER
    from gate.wiring import build_scorer, default_options

    name = name or DEFAULT_SCORER
    scorer = build_scorer(name, default_options("scorers", name))
    wanted = Wanted(Routes(Route(name, scorer)), name, explain, emotions)
    if explain:
        _must_explain(scorer, name)
    out = sys.stdout.buffer
    for batch in batches(file, BATCH):
        out.writelines(_lines(batch, wanted))
        # The next read may wait for somebody to write, and a reader of ours must not wait with it.
        out.flush()


def _must_explain(scorer: object, name: str) -> None:
    from gate.errors import UsageFault
    from gate.ports import Explainer

    if not isinstance(scorer, Explainer):
        message = f"scorer {name} cannot say which words moved its score"
        raise UsageFault(message, hint="leave --explain out, or say --scorer vader")


def _lines(batch: Sequence[Item], wanted: Wanted) -> Iterator[bytes]:
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
        row = {**item.known, **_row(item.text, choice, score, wanted), "scorer": wanted.name}
        yield safe.json(row).encode() + b"\n"


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
