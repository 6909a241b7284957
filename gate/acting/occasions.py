"""What an action is told of the run it is about, all of it from the run log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gate.errors import ActionRefused
from gate.evidence import write_recorded
from gate.model import Occasion
from gate.report.dossier import from_log
from gate.report.markdown import render

if TYPE_CHECKING:
    from gate.report.dossier import Dossier
    from gate.store import Store, Task

LARGEST_REPORT = 60_000
"""Bytes: GitHub takes 65,536 characters in an issue, and others no less."""


def occasion_of(store: Store, task: Task, url: str) -> Occasion:
    """Return what a task is about, as the run stands now.

    Raises:
        ActionRefused: it has no verdict.
        EvidenceFault: what is recorded cannot be read.
        StoreFault: the run log cannot be read.
    """
    run = store.run(task.run_id)
    keeps_text = '"keep_text":true' in run.policy
    events = store.events(run.id)
    dossier = from_log(run, events, store.said(run.id) if keeps_text else ())
    if dossier.verdict is None:
        message = f"run {run.id} has no verdict"
        raise ActionRefused(message, hint=f"see why: gate log {run.id}")
    report = dossier.report()

    def evidence(folder: str) -> None:
        write_recorded(Path(folder), run, events, store.seen(run.id), store.policy_text(run.id))

    return Occasion(
        run=run.id,
        key=task.key,
        moment=task.moment,
        verdict=dossier.verdict,
        release=dossier.release,
        labels=run.labels,
        url=url,
        markdown=render(replace(report, samples=()), LARGEST_REPORT),
        quoting=render(report, LARGEST_REPORT),
        picture=lambda: _picture(from_log(run, events, store.said(run.id))),
        evidence=evidence,
        again=task.attempts > 0,
    )


def _picture(dossier: Dossier) -> bytes:
    # Loads what draws only where somebody wants a picture.
    from gate.report.picture import picture

    return picture(dossier)
