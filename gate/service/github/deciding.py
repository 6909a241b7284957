"""What the end of a run means for a deployment that waits. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.canonical import loads
from gate.model import Decision
from gate.store import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.store import Line


def decision_of(message: Mapping[str, Any], policy: Callable[[], str]) -> Decision:
    """Return it; for an end without a verdict it is what the policy says of errors.

    Args:
        message: as callers are told it.
        policy: returns the run's, as it is recorded; asked only where it counts.
    """
    # Callers are told to hold where there is no verdict; of a deployment the policy says more.
    if message.get("decision") and message.get("state") == State.DONE:
        return Decision(message["decision"])
    if message.get("dry_run"):
        return Decision.PROMOTE
    if message.get("state") == State.CANCELLED:
        return Decision.HALT
    recorded = loads(policy().encode(), "the run's policy")
    return Decision(recorded["on"]["error"]) if isinstance(recorded, dict) else Decision.HALT


def plain(line: Line) -> dict[str, Any]:
    """Return a line of the run log as such a message has it."""
    return {"decision": line.decision, "dry_run": line.dry_run, "state": line.state.value}
