"""What callers ask of durable runs: start one, and approve, reject, cancel or extend it.

All of it is written into the run log in one transaction each; workers find it there within a second. So whoever asks
needs no worker in the same process, an answer is never lost, and what was asked shows at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gate.canonical import digest, dumps
from gate.errors import UsageFault
from gate.model import NOTHING
from gate.store.starting import NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.model import Release
    from gate.policy import Policy
    from gate.store import Store

    Planned = tuple[Policy, Release, Mapping[str, str]]
    """Policy and periods of an order, and the versions that make two runs comparable."""

MOST_LABELS = 20
LONGEST_LABEL = 200
LONGEST_WHY = 1000
LONGEST_NAME = 200
INLINE = "gate.yml"
"""Path of a policy that a caller sent."""


def from_caller(path: str) -> bool:
    """Tell by its path whether a policy came from outside, so that it may reach public addresses only.

    The path is kept with the order. What the service holds has a whole one; whatever has another, somebody sent.
    """
    return not Path(path).is_absolute()


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the caller wants to be told how the run ended."""

    url: str
    """Checked against the allow-list by whoever takes the order, and again when it is sent."""
    secret: str = ""
    """Reference ``${NAME}`` of the key that signs what is sent; never the key itself."""
    deadline: datetime | None = None
    """No verdict is sent later; None for a day after the end."""
    updates: bool = False
    """Whether to be told as well when somebody overrides a verdict that was accepted already."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller asks for."""

    policy: str
    """Text of gate.yml."""
    deployed_at: datetime
    release: str | None = None
    """Instead of the policy's own."""
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """To find the run by: repository, environment, commit, actor …"""
    callback: Callback | None = None
    key: str = ""
    """Idempotency key: the same caller, key and order give the same run. Empty for none."""
    by: str = ""
    """Who asks: the name of a token, or a repository."""
    path: str = INLINE
    """What faults call the policy; relative paths in it start in its folder. See ``from_caller``."""

    def __post_init__(self) -> None:
        """Refuse labels without end.

        Raises:
            UsageFault: too many labels, or too long ones.
        """
        if len(self.labels) > MOST_LABELS:
            message = f"{len(self.labels)} labels, and {MOST_LABELS} are the most"
            raise UsageFault(message, hint="leave out what nobody searches for")
        for name, value in self.labels.items():
            if not name or max(len(name), len(value)) > LONGEST_LABEL:
                message = f"the label {name[:40]!r} is empty or longer than {LONGEST_LABEL} characters"
                raise UsageFault(message, hint="shorten it")


class Runs:
    """Takes orders and overrides. Safe to share between threads."""

    def __init__(self, store: Store, plan: Callable[[Order], Planned]) -> None:
        """Take the run log, and what reads the policy of an order and works out the periods to compare."""
        self._store = store
        self._plan = plan

    def start(self, order: Order) -> str:
        """Begin a run, and return its id; a worker takes it up within a second.

        Raises:
            PolicyFault: the policy is wrong.
            UsageFault: the periods to compare cannot be.
            KeyReused: the same caller used the key for another order.
            StoreFault: the run log cannot be written; nothing was begun.
        """
        fingerprint = digest(dumps([order.policy, order.path, order.deployed_at, order.release, dict(order.labels),
                                    order.callback]))  # fmt: skip
        if order.key and (known := self._store.ordered(order.by, order.key, fingerprint)):
            return known
        policy, release, versions = self._plan(order)
        callback = asdict(order.callback) if order.callback else None
        new = NewOrder(order.by, order.key, fingerprint, order.policy, order.path, callback)
        return self._store.order(
            new, release, policy.to_plain(), dry_run=policy.dry_run, labels=order.labels, versions=versions
        )

    def approve(self, run_id: str, by: str, why: str) -> None:
        """End the run, or change how it ended: promote.

        Raises:
            UsageFault: no reason is given.
            NoSuchRun: there is none of that id.
            RunElsewhere: nobody ordered it: it is one of ``gate check``.
            RunOver: it was cancelled.
        """
        self._store.override(run_id, "approved", *_said(by, why))

    def reject(self, run_id: str, by: str, why: str) -> None:
        """End the run, or change how it ended: halt.

        Raises:
            UsageFault: no reason is given.
            NoSuchRun: there is none of that id.
            RunElsewhere: nobody ordered it: it is one of ``gate check``.
            RunOver: it was cancelled.
        """
        self._store.override(run_id, "rejected", *_said(by, why))

    def cancel(self, run_id: str, by: str, why: str) -> None:
        """End the run without a verdict.

        Raises:
            UsageFault: no reason is given.
            NoSuchRun: there is none of that id.
            RunOver: it has ended already.
        """
        self._store.call_off(run_id, *_said(by, why))

    def extend(self, run_id: str, by: str, why: str, until: datetime) -> None:
        """Let the window close later.

        Raises:
            UsageFault: no reason is given, or the window closes later than that already.
            NoSuchRun: there is none of that id.
            RunElsewhere: nobody ordered it: it is one of ``gate check``.
            RunOver: it has ended already.
        """
        self._store.extend(run_id, *_said(by, why), until)


def _said(by: str, why: str) -> tuple[str, str]:
    by, why = by.strip(), why.strip()
    if not (by and why):
        message = "an override needs a name and a reason"
        raise UsageFault(message, hint="say why: it stands in the log for whoever asks later")
    if len(why) > LONGEST_WHY or len(by) > LONGEST_NAME:
        message = f"a reason may have {LONGEST_WHY} characters, a name {LONGEST_NAME}"
        raise UsageFault(message, hint="shorten it; link to the rest")
    return by, why
