"""Past releases, as ``--releases`` lists them."""

from __future__ import annotations

import gzip
import json
import zlib
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
    recorded_to: datetime | None = None
    """When the last mention of its stream in the whole recording was written, where that is known."""


def read_cases(path: Path, policy: Policy) -> list[Case]:
    """Read releases, one JSON object a line; times they give go before the policy's lengths.

    Raises:
        UsageFault: the file cannot be read, or a line is no release; names the line.
    """
    cases, seen = [], set()
    # Not splitlines: it also splits at characters that a text in JSON may hold.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            case = _case(_fields(line), policy)
        except ValueError as error:
            message = f"{path}:{number}: {error}"
            raise UsageFault(message, hint=getattr(error, "hint", "") or f"one object a line: {SHAPE}") from error
        if case.id in seen:
            message = f"{path}:{number}: the id {case.id!r} is there twice"
            raise UsageFault(message, hint="verdicts are told apart by the release's id")
        seen.add(case.id)
        cases.append(case)
    if not cases:
        message = f"{path} lists no release"
        raise UsageFault(message, hint=f"one object a line: {SHAPE}")
    return cases


class _Refused(ValueError):
    """A line that is no release, for a reason with a next step of its own."""

    def __init__(self, message: str, hint: str) -> None:
        """Take both."""
        super().__init__(message)
        self.hint = hint


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        message = f"cannot read the releases in {path}: {why}"
        raise UsageFault(message, hint=f"give a file, plain or gzipped, with one object a line: {SHAPE}") from error


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg}"
        raise ValueError(message) from error
    except RecursionError as error:
        message = "JSON nested too deeply"
        raise ValueError(message) from error
    if not isinstance(fields, dict):
        message = "JSON, but no object"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for a line that is none
    return fields


def _case(fields: dict[str, Any], policy: Policy) -> Case:
    times = {name: _moment(name, fields[name]) for name in TIMES if fields.get(name) is not None}
    deployed_at = times.get("deployed_at")
    if deployed_at is None:
        message = "no deployed_at"
        raise ValueError(message)
    identity = _name(fields, "id")
    if not identity:
        message = "no id, or nothing in it"
        raise ValueError(message)
    release = Release(
        name=_name(fields, "name") or policy.release,
        deployed_at=deployed_at,
        stream=_name(fields, "stream"),
        **_periods(deployed_at, times, policy),
    )
    if not release.baseline_from <= release.baseline_to <= deployed_at < release.window_to:
        message = "times must be in the order baseline_from, baseline_to, deployed_at, window_to"
        raise ValueError(message)
    control = _name(fields, "control_stream")
    if control and (not release.stream or control == release.stream):
        message = "with a control_stream the release needs a stream of its own"
        raise ValueError(message)
    return Case(identity, release, control)


def _periods(deployed_at: datetime, times: dict[str, datetime], policy: Policy) -> dict[str, datetime]:
    """Return when baseline and window begin and end: as the line says, else as the policy does."""
    start, end = times.get("baseline_from"), times.get("baseline_to")
    try:
        if start is None:
            start, usual_end = _usual_baseline(deployed_at, policy)
            end = end or usual_end
        window_to = times.get("window_to") or deployed_at + policy.window.length
    except OverflowError as error:
        message = "deployed_at is so far from today that its baseline or window cannot be told"
        raise ValueError(message) from error
    return {"baseline_from": start, "baseline_to": end or deployed_at, "window_to": window_to}


def _usual_baseline(deployed_at: datetime, policy: Policy) -> tuple[datetime, datetime]:
    try:
        return policy.baseline.span(deployed_at)
    except ValueError as error:
        message = f"{error} at {deployed_at.isoformat()}"
        hint = "name what this release is compared with: baseline_from and baseline_to in the release's line"
        raise _Refused(message, hint) from error


def _name(fields: dict[str, Any], field: str) -> str:
    """Return a name; numbers are taken for what they look like, as ids in mentions are."""
    value = fields.get(field)
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        message = f"{field} must be text"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for a line that is none
    return str(value)


def _moment(name: str, text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"{name} must be a time with its zone such as 2026-03-10T14:00:00Z"
    raise ValueError(message)
