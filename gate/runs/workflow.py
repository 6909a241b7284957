"""A durable run from its order to the last callback, to be read from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Steps(Protocol):
    """What a run consists of. Each step is recorded once it is done, and then never done again."""

    async def look(self, run_id: str) -> str:
        """Hear the baseline, then look; returns when to look next, or nothing once the run is over."""

    async def deliver(self, run_id: str) -> str:
        """Tell the caller; returns when to try again, or nothing once there is nobody left to tell."""

    async def wait(self, run_id: str, until: str) -> None:
        """Let that time come, or somebody approve, reject, cancel or extend the run."""


def watch_release(steps: Steps) -> Callable[[str], Awaitable[None]]:
    """Return the workflow of a run.

    A process that was killed anywhere in it goes on at the same line: times are absolute, so that waiting needs no
    memory, and a look that was recorded is not made again. A change of its order of steps needs another
    ``application_version`` in ``gate.runs.durable``.
    """

    async def watch_release(run_id: str) -> None:
        """From the order to the last callback."""
        while until := await steps.look(run_id):
            await steps.wait(run_id, until)
        while until := await steps.deliver(run_id):
            await steps.wait(run_id, until)

    return watch_release
