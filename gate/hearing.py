"""What several sources delivered, filtered and scored in the order it was written, handed over look by look."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from gate.listening import in_order
from gate.model import Dropped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from gate.listening import Ear
    from gate.model import Mention, Scored
    from gate.reading import Reader

AHEAD = 100
"""Mentions that are read at once, where those of later looks are known: scorers are quicker with many, and few are read in
vain when the next look halts."""


class Hearing:
    """One period of one run."""

    def __init__(self, readers: Mapping[bool, Reader], strangers: AbstractSet[str]) -> None:
        """Hear nothing yet.

        Args:
            readers: who reads the mentions of the release, and of the control (True).
            strangers: names of listeners with nothing to compare with; may still change.
        """
        self._readers = readers
        self._strangers = strangers
        self._ahead: dict[bool, deque[Scored | Dropped]] = {control: deque() for control in readers}
        """What was read of mentions that no look has come to yet."""

    def read(
        self, ears: Sequence[Ear], before: datetime, *, complete: bool
    ) -> tuple[tuple[Scored, ...], tuple[Dropped, ...]]:
        """Return what was written before that time and was not returned yet: what counts, and what does not.

        Args:
            ears: which delivered it.
            before: the time of a look.
            complete: whether nothing more will be delivered, so that what waits for later looks may be read already.
        """
        taken: list[tuple[tuple[Mention, datetime], Ear]] = []
        dropped: list[Dropped] = []
        for ear in ears:
            ready, odd = ear.take(before)
            taken += [(each, ear) for each in ready]
            dropped += odd
        if len(ears) > 1:  # what one hands over is in order
            taken.sort(key=lambda pair: in_order(pair[0]))
        for control in self._readers:
            heard = [each for each, ear in taken if ear.listener.control is control]
            self._read(control, heard, [ear for ear in ears if complete and ear.listener.control is control])
        kept: list[Scored] = []
        for _, ear in taken:
            control = ear.listener.control
            read = self._ahead[control].popleft()
            if isinstance(read, Dropped):
                dropped.append(read)
                ear.dropped[read.reason.value] += 1
                continue
            compared = ear.listener.name not in self._strangers
            kept.append(read if compared and not control else replace(read, compared=compared, control=control))
            ear.kept += 1
        return tuple(kept), tuple(dropped)

    def _read(self, control: bool, heard: list[tuple[Mention, datetime]], ears: Sequence[Ear]) -> None:  # noqa: FBT001
        """Read what was not read ahead, and then some of what still waits in those ears."""
        ahead = self._ahead[control]
        if unread := heard[len(ahead) :]:
            waiting = sorted((each for ear in ears for each in ear.waiting(AHEAD)), key=in_order)
            ahead.extend(self._readers[control].read([*unread, *waiting[:AHEAD]]))
