"""How far a watch has come, for CI systems that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report import content

if TYPE_CHECKING:
    from gate.ci import Progress
    from gate.foreground import View
    from gate.model import Look, Release
    from gate.policy import Policy
    from gate.remembering import Baseline

ALMOST = 99
"""The last percent is the verdict's."""


class PercentView:
    """Shows a run as another view does, and tells the system the part of the window that is over, when it changes."""

    def __init__(self, inner: View, system: Progress) -> None:
        """Take both."""
        self._inner = inner
        self._system = system
        self._release: Release | None = None
        self._told = -1

    def started(self, run_id: str, policy: Policy, release: Release) -> None:
        """Remember the window."""
        self._release = release
        self._inner.started(run_id, policy, release)

    def waits(self, why: str) -> None:
        """Pass it on."""
        self._inner.waits(why)

    def heard_baseline(self, baseline: Baseline) -> None:
        """Pass it on."""
        self._inner.heard_baseline(baseline)

    def looked(self, look: Look) -> None:
        """Tell the part of the window."""
        self._inner.looked(look)
        if self._release is None:
            return
        whole = self._release.window_to - self._release.deployed_at
        percent = max(0, min(ALMOST, int(100 * ((look.at - self._release.deployed_at) / whole))))
        if percent != self._told:
            self._told = percent
            self._system.progress(
                percent, f"look {look.number}: {content.count(look.verdict.tally.mentions_post, 'mention')}"
            )

    def close(self) -> None:
        """Pass it on."""
        self._inner.close()
