"""Past releases, as ``--releases`` lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gate.errors import UsageFault
from gate.model import Release

if TYPE_CHECKING:
    from pathlib import Path

    from gate.policy import Policy

TIMES = ("deployed_at", "baseline_from", "baseline_to", "window_to")
SHAPE = '{"id", "deployed_at", "baseline_from"?, "baseline_to"?, "window_to"?, "stream"?, "control_stream"?}'


@dataclass(frozen=True, slots=True)
class Case:
    """One past release to be judged again."""

    id: str
    release: Release
    control_stream: str = ""
    """The stream of the same mentions that is the control, where there is one."""


def read_cases(path: Path, policy: Policy) -> list[Case]:
    """Read releases, one JSON object a line; times they give go before the policy's lengths.

    Raises:
        UsageFault: the file cannot be read, or a line is no release; names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read the releases in {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        raise UsageFault(message, hint=f"give a file with one object a line: {SHAPE}") from error
    cases, seen = [], set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _case(json.loads(line), policy)
        except (ValueError, TypeError, KeyError) as error:
            message = f"{path}:{number}: {_why(error)}"
            raise UsageFault(message, hint=f"one object a line: {SHAPE}") from error
        if case.id in seen:
            message = f"{path}:{number}: the id {case.id!r} is there twice"
            raise UsageFault(message, hint="verdicts are told apart by the release's id")
        seen.add(case.id)
        cases.append(case)
    if not cases:
        message = f"{path} lists no release"
        raise UsageFault(message, hint=f"one object a line: {SHAPE}")
    return cases


def _case(fields: dict[str, Any], policy: Policy) -> Case:
    times = {name: _moment(name, fields[name]) for name in TIMES if fields.get(name) is not None}
    deployed_at = times.get("deployed_at")
    if deployed_at is None:
        message = "no deployed_at"
        raise ValueError(message)
    start, end = times.get("baseline_from"), times.get("baseline_to")
    if start is None:
        start, usual_end = policy.baseline.span(deployed_at)
        end = end or usual_end
    release = Release(
        name=str(fields.get("name") or policy.release),
        deployed_at=deployed_at,
        baseline_from=start,
        baseline_to=end or deployed_at,
        window_to=times.get("window_to", deployed_at + policy.window.length),
        stream=str(fields.get("stream") or ""),
    )
    if not release.baseline_from <= release.baseline_to <= deployed_at < release.window_to:
        message = "times must be in the order baseline_from, baseline_to, deployed_at, window_to"
        raise ValueError(message)
    control = str(fields.get("control_stream") or "")
    if control and (not release.stream or control == release.stream):
        message = "with a control_stream the release needs a stream of its own"
        raise ValueError(message)
    return Case(str(fields["id"]), release, control)


def _moment(name: str, text: object) -> datetime:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        message = f"{name} must be a time with its zone such as 2026-03-10T14:00:00Z"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg}"
    return f"no field {error}" if isinstance(error, KeyError) else str(error)
