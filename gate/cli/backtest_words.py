"""What a backtest came to, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.report import content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST = 5
"""Releases that are named; all of them stand in the verdicts and in ``--json``."""


def sentences(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was judged and what deserves a closer look, most important first."""
    counted = ", ".join(f"{count} {outcome}" for outcome, count in summary["outcomes"].items())
    judged = content.count(summary["releases"], "release")
    yield f"{judged} judged on {content.count(summary['mentions'], 'mention')}: {counted}."
    yield from _failed(summary["failed"])
    yield from _unsure(summary["unsure"])
    if silent := summary["without_mentions"]:
        yield (
            f"{content.count(len(silent), 'release')} had no mention at all, before the deploy or after it:"
            f" {_named(silent)}. See that stream and times in --releases are those in --mentions."
        )
    if ended := summary["recording_ended_early"]:
        reach = "window reaches" if len(ended) == 1 else "windows reach"
        yield (
            f"{len(ended):,} {reach} far past the last recorded mention: {_named(ended)}. Silence after the end of a"
            " recording is no calm, so what would have passed is inconclusive."
        )
    if lost := summary["control_without_mentions"]:
        names, were = ("names", "was") if len(lost) == 1 else ("name", "were")
        yield (
            f"{content.count(len(lost), 'release')} {names} a control_stream without a mention, and {were} judged"
            f" without a control: {_named(lost)}."
        )
    if alone := summary["without_control"]:
        names, were = ("names", "was") if alone == 1 else ("name", "were")
        yield f"{content.count(alone, 'release')} {names} no control_stream, and {were} judged without the policy's control."
    if unreadable := summary["unreadable_lines"]:
        yield f"Left out {content.count(unreadable, 'line')} that could not be read as a mention."
    if ahead := summary["dated_after_now"]:
        yield (
            f"{content.count(ahead, 'mention')} dated after now told nothing about how long the recording goes on: see that"
            " created_at is right."
        )


def _failed(failed: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for each in failed[:MOST]:
        yield f"  {each['id']}: {each['reason']}"
    if len(failed) > MOST:
        yield f"  and {len(failed) - MOST:,} more that failed; they are in the verdicts."


def _unsure(unsure: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in unsure:
        ids = each["ids"]
        so = f"; so with {_named(ids[1:])}" if len(ids) > 1 else ""
        yield f"  {ids[0]}: {each['reason']} ({each['code']}{so})"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST:,} more" if len(ids) > MOST else ""
    return f"{', '.join(ids[:MOST])}{more}"
