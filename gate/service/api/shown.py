"""Runs and verdicts as callers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.canonical import loads
from gate.model import Decision, Outcome
from gate.service.services import services
from gate.store import State

if TYPE_CHECKING:
    from gate.store import Event, Line, Standing

REJECTED = 10
BROKE = 1
HALTED = 412
WAIT = "wait"
_STATUS: dict[str, int] = {Decision.PROMOTE: 200, Decision.HALT: HALTED, Decision.HOLD: 424, WAIT: 425}
_PARTS = ("verdict", "events", "log", "evidence")


def links(run_id: str) -> dict[str, str]:
    """Return where more is to be had; whole addresses where the service knows its own."""
    base = services().settings.public_url.rstrip("/")
    own = f"{base}/v1/runs/{run_id}"
    return {"self": own, "page": f"{base}/runs/{run_id}"} | {part: f"{own}/{part}" for part in _PARTS}


def run_told(line: Line) -> dict[str, Any]:
    """Return a run as a list or its own address shows it."""
    glance = line.glance
    names = ("id", "state", "release", "created_at", "deployed_at", "window_to", "finished_at", "dry_run", "labels",
             "outcome", "decision", "code", "reason", "glance")  # fmt: skip
    told: dict[str, Any] = {name: getattr(line, name) for name in names}
    if line.outcome is None and line.state is State.RUNNING:
        told |= {"outcome": Outcome.WAITING, "reason": line.reason or _so_far(glance.looks if glance else 0)}
    return {**told, "answer": answer_of(line), "links": links(line.id)}


def verdict_told(found: Standing) -> dict[str, Any]:
    """Return the verdict of a run: the latest there is, and whether it is the last."""
    line = found.line
    verdict: Any = loads(found.latest, "runs.latest") if found.latest else _unseen(line)
    if line.state in {State.CANCELLED, State.BROKEN}:
        verdict |= {"outcome": "error", "decision": "hold", "code": line.state.value, "reason": line.reason}
    final = line.state is not State.RUNNING
    told = {**verdict, "run": line.id, "state": line.state.value, "final": final, "dry_run": line.dry_run}
    told["answer"] = answer_of(line)
    return {**told, "exit_code": exit_code(told)}


def exit_code(told: dict[str, Any]) -> int:
    """Return what a command that waited for this verdict exits with."""
    if not told["final"]:
        return Outcome.WAITING.exit_code
    if told["state"] == State.BROKEN:
        return BROKE
    if told["decision"] == Decision.PROMOTE:
        return 0
    # Somebody may have rejected what the evidence found harmless.
    return REJECTED if told["code"] == "rejected" else Outcome(told["outcome"]).exit_code or REJECTED


def answer_of(line: Line) -> str:
    """Return the one word that is enough for readers that can compare words and nothing else."""
    if line.state is State.RUNNING:
        return WAIT
    return (line.decision if line.state is State.DONE and line.decision else Decision.HOLD).value


def status_of(answer: str) -> int:
    """Return an answer as a status of HTTP: 2xx for nothing but promote."""
    return _STATUS[answer]


def event_told(event: Event) -> dict[str, Any]:
    """Return one entry of a log."""
    return {name: getattr(event, name) for name in ("seq", "at", "kind", "data", "previous", "hash")}


def _unseen(line: Line) -> dict[str, Any]:
    return {
        "outcome": "waiting",
        "decision": "hold",
        "code": "not_looked",
        "reason": line.reason or _so_far(0),
        "decided_at": None,
        "rule": "",
        "odds": None,
        "tally": None,
        "findings": [],
        "coverage": [],
    }


def _so_far(looks: int) -> str:
    return f"No decision yet, after {looks} look{'s' * (looks != 1)}." if looks else "No look has been made yet."
