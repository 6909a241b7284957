"""Every error the gate raises on purpose, in one tree.

    GateError                 exit 1   the gate itself broke
    ├── UsageFault            exit 2   the command line asks for something impossible
    │   ├── NoSuchRun         there is no run of that id
    │   ├── RunOver           the run has ended, and what is asked is for one under way
    │   ├── RunElsewhere      the run is a pipeline's own, which hears nothing from outside
    │   └── KeyReused         an idempotency key stands for another order already
    ├── PolicyFault           exit 2   gate.yml is wrong; holds every fault at once
    ├── EvidenceFault         exit 12  an evidence pack is unreadable or was changed
    ├── StoreFault            exit 12  the run log cannot be read or written
    ├── SourceFault           exit 12  a source could not be read
    │   ├── SourceRefused     permanent: key missing, expired, lacks a scope, quota spent
    │   └── SourceDown        may pass: time-out, 5xx, connection lost
    ├── ScorerFault           exit 12  a scorer could not be loaded or failed
    ├── ActionRefused         exit 12  an action cannot be done about this run
    ├── ServiceFault          exit 12  the gate service could not be reached or failed; may pass
    └── Cancelled             exit 130 / 143  Ctrl-C or SIGTERM

``hint`` is the next step for whoever reads the message; ``permanent`` says that trying
again cannot help. Messages never hold a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class GateError(Exception):
    """Base of the tree."""

    exit_code: ClassVar[int] = 1
    permanent: ClassVar[bool] = True

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take the message and the next step, both for people."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(GateError):
    """The command line asks for something impossible."""

    exit_code = 2


class NoSuchRun(UsageFault):
    """There is no run of that id."""


class RunOver(UsageFault):
    """The run has ended, and what is asked is for one under way."""


class RunElsewhere(UsageFault):
    """The run is a pipeline's own, which hears nothing from outside."""


class KeyReused(UsageFault):
    """An idempotency key stands for another order already."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a policy."""

    path: str
    """File name as the user gave it."""
    line: int
    """1-based; 0 where it is not known."""
    field: str
    """Dotted, e.g. ``rules.0.alpha``."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """``gate.yml:7: rules.0.alpha: must be below 1 (did you mean …)``."""
        where = f"{self.path}:{self.line}" if self.line else self.path
        text = f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class PolicyFault(GateError):
    """gate.yml is wrong; ``faults`` holds everything that is, in file order."""

    exit_code = 2

    def __init__(self, faults: tuple[Fault, ...], *, hint: str = "") -> None:
        """Take all faults at once, so that they are mended at once."""
        super().__init__("\n".join(map(str, faults)), hint=hint)
        self.faults = faults


class EvidenceFault(GateError):
    """An evidence pack is unreadable or was changed."""

    exit_code = 12


class StoreFault(GateError):
    """The run log cannot be read or written."""

    exit_code = 12


class SourceFault(GateError):
    """A source could not be read.

    ``quote`` is a piece of what it delivered. It is shown to whoever watches and never stored: it may hold what
    somebody wrote, and who.
    """

    exit_code = 12

    def __init__(self, message: str, *, hint: str = "", quote: str = "") -> None:
        """Take the message, the next step and, where it helps, a quote."""
        super().__init__(message, hint=hint)
        self.quote = quote


class SourceRefused(SourceFault):
    """The source said no, and will say no again until somebody mends something."""


class SourceDown(SourceFault):
    """The source did not answer properly; a later look may succeed."""

    permanent = False


class ScorerFault(GateError):
    """A scorer could not be loaded or failed."""

    exit_code = 12


class ActionRefused(GateError):
    """An action cannot be done about this run, however often it is tried."""

    exit_code = 12


class ServiceFault(GateError):
    """The gate service could not be reached, or failed."""

    exit_code = 12
    permanent = False


class Cancelled(GateError):
    """The run was stopped from outside."""

    exit_code = 130
    permanent = False

    def __init__(self, signal_number: int) -> None:
        """Remember which signal it was: the exit status is 128 + its number."""
        super().__init__("cancelled")
        self.signal_number = signal_number
