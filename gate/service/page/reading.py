"""What the page knows of a run, read once for each state of its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report.dossier import from_log
from gate.service.auth import Role, admit
from gate.service.services import services
from gate.service.shelf import Shelf

if TYPE_CHECKING:
    from gate.report.dossier import Dossier
    from gate.service.auth import Principal
    from gate.store import Standing

MOST = 8
"""Runs held in memory: each of them for all who look at it, until its log goes on. One of 20,000 mentions takes 10 MB."""

_DOSSIERS: Shelf[Dossier] = Shelf(MOST)


def admitted(run_id: str, role: Role = Role.READ) -> tuple[Standing, Principal]:
    """Return how a run stands and who asks, if they may do that to it.

    Raises:
        NoSuchRun: there is none of that id.
        Problem: it is not theirs (404), or they may not do that (403).
    """
    found = services().store.standing(run_id)
    return found, admit(role, run_id, found.line.labels)


def dossier(standing: Standing) -> Dossier:
    """Return all that is known of a run; whoever asks was admitted before."""
    store, now = services().store, services().clock.now()
    # The last hash stands for the whole log; the hour is for texts, which go when they are old and leave no event.
    key = (standing.line.id, standing.head, f"{now:%y%m%d%H}")
    held = _DOSSIERS.get(key)
    if held is None:
        run = store.run(standing.line.id)
        held = from_log(run, store.events(run.id), store.said(run.id))
        _DOSSIERS.put(key, held)
    return held
