"""What the service answers, as Python has it. Fields that a newer service adds are left out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from gate.errors import ServiceFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = {"created_at", "deployed_at", "window_to", "finished_at", "decided_at", "at"}


class _Answer:
    """Built from a JSON object."""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """Take what is known of it.

        Raises:
            ServiceFault: something is missing, or is no time.
        """
        try:
            return cls(**{each.name: _read(each.name, answer[each.name]) for each in fields(cls)})  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            message = f"the service answered something unknown: {type(error).__name__} {error}"
            raise ServiceFault(message, hint="see that --service is a gate service of this version or newer") from error


@dataclass(frozen=True, slots=True)
class RunState(_Answer):
    """How a run stands."""

    id: str
    state: str
    """``running``, ``done``, ``cancelled`` or ``broken``."""
    release: str
    created_at: datetime
    deployed_at: datetime
    window_to: datetime
    finished_at: datetime | None
    dry_run: bool
    labels: Mapping[str, str]
    outcome: str | None
    decision: str | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerdictState(_Answer):
    """The latest verdict of a run."""

    run: str
    state: str
    final: bool
    """Whether the run is over."""
    exit_code: int
    """0 promote, 10 fail, 11 inconclusive, 12 error, 13 waiting, 1 the gate itself broke."""
    outcome: str
    decision: str
    """``promote``, ``hold`` or ``halt``."""
    code: str
    reason: str
    decided_at: datetime | None
    odds: float | None
    """1 in so many, if the release were harmless."""
    tally: Mapping[str, Any] | None
    dry_run: bool


@dataclass(frozen=True, slots=True)
class LogEntry(_Answer):
    """One thing that happened in a run."""

    seq: int
    at: datetime
    kind: str
    data: Mapping[str, Any]
    previous: str
    hash: str


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON's
    return datetime.fromisoformat(value) if name in _TIMES and value is not None else value
