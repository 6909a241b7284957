"""The outputs of a step: what later steps and jobs decide by. Names and meanings are a contract, see ``action.yml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Decision, Outcome
from gate.report import content, safe

if TYPE_CHECKING:
    from gate.report.content import Report

LONGEST = 2000
"""Characters of the reason: all outputs of a job have 1 MB together."""


def outputs(report: Report) -> dict[str, str]:
    """Return them; what is not known is empty. Each is one line without control characters."""
    verdict, tally = report.verdict, report.verdict.tally
    return {
        "outcome": verdict.outcome.value,
        "decision": verdict.decision.value,
        "code": safe.terminal(verdict.code),
        "reason": _line(content.reason(verdict)),
        "share-before": _share(tally.share_before),
        "share-after": _share(tally.share_after),
        "odds": "" if verdict.odds is None else f"{verdict.odds:.4g}",
        "mentions": str(tally.mentions_post),
        "run": safe.terminal(report.run),
    }


def unknown(reason: str) -> dict[str, str]:
    """Return them where there is no verdict: an error, on which nothing is promoted and nothing rolled back."""
    known = {"outcome": Outcome.ERROR.value, "decision": Decision.HOLD.value, "code": "no_verdict"}
    nothing = dict.fromkeys(("share-before", "share-after", "odds", "mentions", "run"), "")
    return {**known, "reason": _line(reason), **nothing}


def _line(text: str) -> str:
    line = safe.terminal(text)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"
