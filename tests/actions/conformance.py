"""What every action is held to: a far side that does what it is asked, or fails in all the usual ways.

An action takes part by ``tests/receivers/<type>.py`` with a ``RECEIVER``; one that cannot says why, in ``EXEMPT``.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from gate import plugins
from gate.model import Occasion
from gate.ports import ActionContext
from tests.looks import VERDICT
from tests.support import DEPLOY, ManualClock, release

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.ports import Action
    from tests.servers.http_server import Recorded, Reply

NOW = DEPLOY + timedelta(minutes=30)
SOON = timedelta(milliseconds=400)
"""Time for an attempt that the far side does, and would like to make last for ever."""
AT_ONCE = timedelta(milliseconds=150)
"""The same where it does not matter whether it got there."""
LONG = timedelta(seconds=10)
LABELS = {"repository": "acme/app", "environment": "production", "commit": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"}
OCCASION = Occasion(
    run="260310-143000-abc123",
    key="260310-143000-abc123.57.0",
    moment="fail",
    verdict=replace(VERDICT, decided_at=NOW),
    release=release(),
    labels=LABELS,
    url="https://gate.example.com/runs/260310-143000-abc123",
    markdown="## FAIL\n\nThe share rose.\n",
    quoting="## FAIL\n\nThe share rose.\n\n### What users write\n",
)


class FarSide(Protocol):
    """Where an action acts: a real server on this machine."""

    def __enter__(self) -> Self:
        """Start serving."""

    def __exit__(self, *_: object) -> None:
        """Stop."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def token(self) -> str:
        """That lets an action in."""

    @property
    def requests(self) -> Sequence[Recorded]:
        """What it was asked, oldest first."""

    def done(self) -> int:
        """How often it has done what the action is for."""

    def trouble(self, reply: Reply, *, done: bool = False) -> None:
        """Give this answer to the message that does it, once; with ``done`` after doing it."""

    def always(self, reply: Reply) -> None:
        """Give this answer to everything from now on."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """How one type of action is put on a far side of this machine."""

    options: Callable[[str], Any]
    """From its address to the action's options; every secret resolves to its token."""
    serve: Callable[[ManualClock], FarSide]
    reads: bool = True
    """Whether it reads what is answered, beyond the status."""
    brings_about: bool = False
    """Whether it brings about a state of the far side, so that there is nothing left to do where that is so already."""


@dataclass
class Attempt:
    """One action, on its far side."""

    name: str
    receiver: Receiver
    side: FarSide
    clock: ManualClock

    def action(self, secret: Callable[[str], str] | None = None, *, within: timedelta = LONG) -> Action:
        """Build it as wiring does."""
        resolve = secret or (lambda _reference: self.side.token)
        made: Action = plugins.load("actions", self.name.partition(":")[0]).Action(
            self.receiver.options(self.side.url), ActionContext(Path(), resolve, self.clock, within)
        )
        return made


def found() -> dict[str, Receiver | str | None]:
    """Return the receiver of each action there is, why it has none, or None if it forgot.

    An action with several ways to act has ``RECEIVERS`` by kind.
    """
    receivers: dict[str, Receiver | str | None] = {}
    for name in plugins.names("actions"):
        module = f"tests.receivers.{name.replace('-', '_')}"
        try:
            said = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            receivers[name] = None
        else:
            receivers |= {f"{name}:{kind}": each for kind, each in getattr(said, "RECEIVERS", {}).items()}
            if one := getattr(said, "RECEIVER", None) or getattr(said, "EXEMPT", None):
                receivers[name] = one
    return receivers
