"""A verdict for programs: JSON's own types, the same fields wherever ``--json`` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.canonical import to_plain
from gate.report import actions, costs

if TYPE_CHECKING:
    from gate.report.content import Report


def plain(report: Report) -> dict[str, Any]:
    """Return every field of the verdict, the release, and where to read more.

    Not the exit status: commands differ in what they make of a decision.

    Nothing is cut or made safe: print it with ``safe.json``. ``run`` and ``evidence`` are null where there is none.

    Raises:
        EvidenceFault: a number in it has no place in JSON, e.g. a NaN.
    """
    fields = to_plain(report.verdict)
    return {
        **(fields if isinstance(fields, dict) else {}),
        "release": to_plain(report.release),
        "run": report.run or None,
        "evidence": report.evidence or None,
        "cost": to_plain(costs.total(report.baseline, report.verdict.coverage)),
        "notes": list(report.notes),
        "emotions": dict(report.emotions),
        "actions": [actions.plain(each) for each in report.actions],
    }
