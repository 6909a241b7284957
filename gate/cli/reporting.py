"""What ``gate report`` does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gate import __version__
from gate.cli import files
from gate.cli.terminal import show, tell
from gate.clock import SystemClock
from gate.errors import UsageFault
from gate.explaining import explainer
from gate.report import safe
from gate.report.dossier import from_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.dossier import Dossier


class Found(NamedTuple):
    """What there is to report on."""

    dossier: Dossier
    policy: str
    """As it took effect, JSON."""


def read(run: str, store: str | None, environ: Mapping[str, str]) -> Found:
    """Read an evidence pack, where there is a folder of that name, or the run log.

    Raises:
        UsageFault: no run is meant by that.
        EvidenceFault: the pack is none, or was changed.
        StoreFault: the run log cannot be read.
    """
    if Path(run).is_dir():
        from gate.evidence import read_pack
        from gate.evidence.dossiers import from_pack

        pack = read_pack(Path(run))
        return Found(from_pack(pack), pack.policy_json)
    from gate.wiring import open_store

    with open_store(store, SystemClock(), environ) as (log, _):
        found = log.run(run)
        return Found(from_log(found, log.events(found.id), log.said(found.id)), found.policy)


def write(found: Found, form: str, output: Path | None) -> None:
    """Write the report.

    Raises:
        UsageFault: it cannot be written there, or what draws the charts is not installed.
    """
    if form == "png":
        _write_picture(found.dossier, output)
        return
    text = {"html": _html, "md": _markdown, "json": _json}[form](found)
    if output:
        files.write(output, text)
        tell(f"Wrote {output}.")
    else:
        show(text.rstrip("\n"))


def _html(found: Found) -> str:
    from gate.report.html import render

    return render(found.dossier, explain=explainer(found.policy), version=__version__)


def _markdown(found: Found) -> str:
    from gate.report.markdown import render

    return render(found.dossier.report())


def _json(found: Found) -> str:
    from gate.report.plain import plain

    dossier = found.dossier
    return safe.json({**plain(dossier.report()), "state": dossier.state, "labels": dict(dossier.labels)}) + "\n"


def _write_picture(dossier: Dossier, output: Path | None) -> None:
    from gate.report.picture import picture

    if output is None and sys.stdout.isatty():
        message = "a picture is no text for a terminal"
        raise UsageFault(message, hint="name a file: -o charts.png")
    drawn = picture(dossier)
    if output is None:
        sys.stdout.buffer.write(drawn)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(drawn)
    except OSError as error:
        raise files.cannot_write(output, error) from error
    tell(f"Wrote {output}.")
