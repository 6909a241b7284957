"""A run in the foreground: what ``gate check`` does from the first look to the verdict.

Everything seen is in the run log before it is shown, so that a stopped run loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gate import __version__
from gate.errors import Cancelled, GateError, StoreFault
from gate.model import NOTHING, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.engine import Watch
    from gate.model import Coverage, Dropped, Look, Release, Scored, Verdict
    from gate.policy import Policy
    from gate.remembering import Baseline


class RunLog(Protocol):
    """The part of the store that a run writes to."""

    def start_run(
        self, release: Release, policy: object, *, dry_run: bool, labels: Mapping[str, str], versions: Mapping[str, str]
    ) -> str:
        """Open a run and return its id."""

    def append_baseline(
        self,
        run_id: str,
        kept: Sequence[Scored],
        dropped: Sequence[Dropped],
        coverage: Sequence[Coverage],
        notes: Sequence[str],
    ) -> None:
        """Add what was heard from before the deploy."""

    def append_look(self, run_id: str, look: Look) -> None:
        """Add a look and the mentions it brought."""

    def finish(self, run_id: str, verdict: Verdict) -> None:
        """Close the run with its verdict."""

    def cancel(self, run_id: str, why: str) -> None:
        """Close the run without one."""

    def break_off(self, run_id: str, why: str) -> None:
        """Close the run that an error ended."""


class View(Protocol):
    """Shows a run to whoever waits for it."""

    def started(self, run_id: str, policy: Policy, release: Release) -> None:
        """Say what is watched."""

    def waits(self, why: str) -> None:
        """Say what is waited for before the first look."""

    def heard_baseline(self, baseline: Baseline) -> None:
        """Say what was heard from before the deploy."""

    def looked(self, look: Look) -> None:
        """Say what one look saw."""

    def close(self) -> None:
        """Leave the terminal as it was."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one finished run saw: what an evidence pack holds."""

    run_id: str
    policy: Policy
    release: Release
    baseline: Baseline
    looks: tuple[Look, ...]
    fault: StoreFault | None = None
    """Why the failing look could not be recorded, if so."""

    @property
    def verdict(self) -> Verdict:
        """The last look's."""
        return self.looks[-1].verdict


@dataclass(frozen=True, slots=True)
class Run:
    """One run, ready to go."""

    policy: Policy
    release: Release
    watch: Watch
    log: RunLog
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """To find it by, and for actions."""

    def to_verdict(self, view: View) -> Record:
        """Watch until there is a final verdict.

        Raises:
            Cancelled: told to stop; the run is recorded as cancelled.
            StoreFault: the run log could not be written.
        """
        dry_run, versions = self.policy.dry_run, versions_of(self.policy)
        run_id = self.log.start_run(
            self.release, self.policy.to_plain(), dry_run=dry_run, labels=self.labels, versions=versions
        )
        try:
            return self._watch(run_id, view)
        except Cancelled as stop:
            self._cancel(run_id, stop)
            raise
        except Exception as fault:
            self.log.break_off(run_id, fault.message if isinstance(fault, GateError) else type(fault).__name__)
            raise
        finally:
            view.close()

    def _cancel(self, run_id: str, stop: Cancelled) -> None:
        stop.hint = f"there is no verdict, do not promote on this; what was seen: gate log {run_id}"
        try:
            self.log.cancel(run_id, f"stopped by signal {stop.signal_number}")
        except StoreFault:
            # Told to stop just after the verdict was written down: the run is over either way.
            return

    def _watch(self, run_id: str, view: View) -> Record:
        view.started(run_id, self.policy, self.release)
        baseline = self.watch.hear_baseline(view.waits)
        self.log.append_baseline(run_id, baseline.kept, baseline.dropped, baseline.coverage, baseline.notes)
        view.heard_baseline(baseline)
        looks = []
        fault = None
        for look in self.watch.looks():
            looks.append(look)
            fault = self._note(run_id, look)
            view.looked(look)
        return Record(run_id, self.policy, self.release, baseline, tuple(looks), fault)

    def _note(self, run_id: str, look: Look) -> StoreFault | None:
        """Record a look; a log that cannot be written ends the run, but never hides that a release failed."""
        try:
            self.log.append_look(run_id, look)
            if look.verdict.outcome.final:
                self.log.finish(run_id, look.verdict)
        except StoreFault as fault:
            if look.verdict.outcome is not Outcome.FAIL:
                raise
            return fault
        return None


def versions_of(policy: Policy) -> dict[str, str]:
    """Return what must be the same for two runs to be comparable."""
    return {"gate": __version__, "scorer": str(policy.scorer)}
