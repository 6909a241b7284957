"""The systems the gate runs inside: one room each; read the run's facts, write the verdict safely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.content import Report


class CI(Protocol):
    """The system the gate runs inside."""

    def facts(self) -> Mapping[str, str]:
        """Return what the environment says of the run, by which people find it again: commit, ref, address."""

    def begin(self) -> None:
        """From here on let the system take nothing that is printed for a command."""

    def write(self, report: Report, status: int, *, url: str = "") -> None:
        """Hand the verdict to the system, with every text escaped for it.

        Args:
            report: what is told.
            status: with which the process is about to exit.
            url: where the run can be read, if not among the system's own.
        """

    def explain(self, error: Exception) -> None:
        """Hand over why there is no verdict; the process is about to exit with the error's status."""


@runtime_checkable
class Progress(Protocol):
    """A system that shows how far a step has come; the method is a system's to have or not."""

    def progress(self, percent: int, what: str) -> None:
        """Show it: 0 to 100, and what is being done."""
