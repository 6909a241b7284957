"""``gate score``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.ports import Scorer

BATCH = 256
"""Lines scored together: enough for batching scorers, little enough to see output at once."""


@click.command("score", short_help="Score texts: lines or JSON Lines in, JSON Lines out.")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--scorer", "name", default=None, help="Scorer to use; without it the default one.")
def command(file: BinaryIO, name: str | None) -> None:
    """Score texts, one a line: plain, or JSON objects with `text` (and `id`, `lang`).

    One JSON object a line comes out, in the same order. A text that holds nothing to read has
    `dropped` with the reason in place of the numbers.

    \b
    echo "the new login is horrible" | gate score
    gate score mentions.jsonl --scorer vader > scores.jsonl
    """
    from gate.policy import DEFAULT_SCORER
    from gate.report import safe
    from gate.wiring import build_scorer, default_options

    name = name or DEFAULT_SCORER
    scorer = build_scorer(name, default_options("scorers", name))
    batch: list[dict[str, Any]] = []
    for line in file:
        batch.append(_item(line.decode("utf-8", "replace").rstrip("\r\n")))
        if len(batch) == BATCH:
            for row in _rows(batch, scorer, name):
                click.echo(safe.json(row))
            batch.clear()
    for row in _rows(batch, scorer, name):
        click.echo(safe.json(row))


def _item(line: str) -> dict[str, Any]:
    import json

    if not line.lstrip().startswith("{"):
        return {"text": line}
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        # A person may well write a line that begins with a brace.
        return {"text": line}
    return item if isinstance(item, dict) else {"text": line}


def _rows(batch: list[dict[str, Any]], scorer: Scorer, name: str) -> Iterator[dict[str, Any]]:
    reads = scorer.languages()
    reasons = [_refusal(item, reads) for item in batch]
    texts = [item["text"] for item, reason in zip(batch, reasons, strict=True) if not reason]
    scores = iter(scorer.score(texts))
    for item, reason in zip(batch, reasons, strict=True):
        known = {"id": str(item["id"])} if "id" in item else {}
        if reason:
            yield {**known, "scorer": name, "dropped": reason}
        elif (score := next(scores)) is None:
            yield {**known, "scorer": name, "dropped": "unscorable"}
        else:
            parts = {"negative": score.negative, "neutral": score.neutral, "positive": score.positive}
            numbers = {key: number for key, number in parts.items() if number is not None}
            yield {**known, **numbers, "score": score.score, "scorer": name}


def _refusal(item: dict[str, Any], reads: frozenset[str]) -> str:
    if not isinstance(item.get("text"), str):
        return "unreadable"
    language = item.get("lang")
    if reads and isinstance(language, str) and language and language.split("-")[0].lower() not in reads:
        return "language"
    return ""
