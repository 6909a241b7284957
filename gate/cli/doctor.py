"""``gate doctor``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.diagnosis import Diagnosis


@click.command("doctor", short_help="Try keys, sources, clock and store.")
@click.option("-p", "--policy", "path", type=click.Path(path_type=Path), default=Path("gate.yml"), show_default=True)
@click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(path: Path, *, store: str | None, as_json: bool) -> NoReturn:
    """Try everything a run needs, for real, and say what to mend.

    Each source is asked with one cheap call: whether the key works, what is left of its quota, what
    a look costs; at the end stands what a whole run will bring and cost. Exits with 12 if a required
    part does not work.

    \b
    gate doctor
    gate doctor --policy ci/gate.yml
    """
    from gate.cli.terminal import say, show
    from gate.clock import SystemClock
    from gate.diagnosis import diagnose
    from gate.policy import load
    from gate.report import safe

    diagnoses = diagnose(load(path), SystemClock(), os.environ, store)
    if as_json:
        show(safe.json(diagnoses))
    else:
        for each in diagnoses:
            mark = "ok  " if each.check.ok else "FAIL" if each.required else "warn"
            # Each part made safe by itself: a whole line would lose its columns.
            show(f"{mark}  {safe.terminal(f'{each.part}: {each.check.what}: {each.check.detail}')}")
            if each.check.fix and not each.check.ok:
                say(f"      next: {each.check.fix}")
        say(_closing(diagnoses))
    broken = any(each.required and not each.check.ok for each in diagnoses)
    sys.exit(12 if broken else 0)


def _closing(diagnoses: Sequence[Diagnosis]) -> str:
    if broken := [each.part for each in diagnoses if each.required and not each.check.ok]:
        return f"\nNot ready: mend {', '.join(dict.fromkeys(broken))} first."
    if [each for each in diagnoses if each.check.what == "volume" and not each.check.ok]:
        return (
            "\nReady, but expect INCONCLUSIVE unless the deploy makes more people write: usually too few do for this"
            " window. `gate check` can run."
        )
    if warned := [each.part for each in diagnoses if not each.check.ok]:
        return f"\nReady: `gate check` can run; see the warnings of {', '.join(dict.fromkeys(warned))}."
    return "\nReady: `gate check` can run."
