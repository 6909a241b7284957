"""What ``gate start`` does."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gate.cli.parameters import label
from gate.cli.remote import show_verdict
from gate.cli.terminal import show, style, tell
from gate.client import Order
from gate.clock import SystemClock, cancellable
from gate.errors import GateError, UsageFault
from gate.model import Decision, Outcome, Tally, Verdict
from gate.report import safe
from gate.report.content import Report
from gate.report.dossier import from_log
from gate.report.story import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gate.client import Client, VerdictState
    from gate.client.answers import LogEntry

POLICY = Path("gate.yml")


def order_of(  # noqa: PLR0913, PLR0917 - what the command line said
    path: Path | None,
    name: str | None,
    deployed_at: datetime | timedelta,
    release: str | None,
    labels: Sequence[str],
    callback: tuple[str | None, str | None],
    key: str,
) -> Order:
    """Return the order that the command line means.

    Raises:
        UsageFault: it says two things at once, or the policy cannot be read.
    """
    if path and name:
        message = "--policy and --policy-name are two policies"
        raise UsageFault(message, hint="give one of them")
    now = SystemClock().now()
    url, secret = callback
    return Order(
        policy=None if name else _text(path or POLICY),
        policy_name=name,
        deployed_at=now - deployed_at if isinstance(deployed_at, timedelta) else deployed_at,
        release=release,
        labels=dict(map(label, labels)),
        callback={"url": url, **({"secret": secret} if secret else {})} if url else None,
        key=key,
    )


def started(run_id: str, *, as_json: bool, wait: bool) -> None:
    """Say which run it is: on standard output if nothing else comes there."""
    if wait:
        tell(f"run {run_id}")
    else:
        show(safe.json({"id": run_id}) if as_json else run_id)


def follow(client: Client, run_id: str, timeout: timedelta | None, *, as_json: bool) -> VerdictState:
    """Tell what happens on standard error until the verdict, print it, and return it."""
    until = SystemClock().now() + timeout if timeout else None
    with cancellable():
        verdict = client.wait(run_id, until=until, on_event=teller())
    show_verdict(verdict, as_json=as_json)
    return verdict


def report(client: Client, run_id: str, found: VerdictState | None) -> Report:
    """Return what reports are written from; without a verdict, that the run has been started."""
    if found is None:
        why = "The service watches; this job does not wait for it."
        return Report(_bare(Outcome.WAITING, Decision.HOLD, "started", why), run=run_id)
    try:
        told = from_log(client.run(run_id), list(client.log(run_id)), ()).report()
    except (GateError, LookupError) as error:
        # The verdict is there, and is what counts: that its story cannot be had must not hide it.
        tell(f"gate: the log of the run cannot be read: {error}")
        told = Report(_bare(Outcome.WAITING, Decision.HOLD, "", ""), run=run_id)
    # A run that was cancelled or overridden ends otherwise than its last look.
    verdict = replace(told.verdict, outcome=Outcome(found.outcome), decision=Decision(found.decision),
                      code=found.code, reason=found.reason, odds=found.odds)  # fmt: skip
    return replace(told, verdict=verdict)


def page(url: str, run_id: str) -> str:
    """Return where people read a run."""
    return f"{url.rstrip('/')}/runs/{quote(run_id, safe='')}"


def teller() -> Callable[[LogEntry], None]:
    """Return what tells a run like a story on standard error, each event as it comes."""
    told = Teller(style(sys.stderr).encoding)

    def on_event(event: LogEntry) -> None:
        for line in told.lines(event):
            tell(line)

    return on_event


def _bare(outcome: Outcome, decision: Decision, code: str, why: str) -> Verdict:
    nothing = Tally(0, 0, 0, 0, None, None, None, None)
    return Verdict(outcome, decision, code, why, SystemClock().now(), "", None, nothing)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        message = f"no policy at {path}"
        raise UsageFault(
            message, hint="write one with gate init, or name one of the service's by --policy-name"
        ) from error
    except (OSError, ValueError) as error:
        message = f"cannot read the policy {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise UsageFault(message, hint="give the path of a readable file with --policy") from error
