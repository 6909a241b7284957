"""``gate demo``."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

import click

from gate.cli.files import cannot_write, write
from gate.cli.terminal import say, show, style
from gate.errors import GateError

RELEASES = (
    ("the bad release", "2026-03-10T14:00:00+00:00"),
    ("the mended one, a week later", "2026-03-17T14:00:00+00:00"),
)


@click.command("demo", short_help="See a bad release halted and a good one promoted.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where reports and evidence go; default: a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the two verdicts as JSON, one a line.")
def command(*, folder: Path | None, as_json: bool) -> None:
    """Run the main job on recorded mentions of an invented product: no keys, no network.

    Two releases, judged by the same policy look by look as if it were live: one breaks its
    users' login, one is as good as the weeks before.

    \b
    gate demo
    gate demo --folder demo/     keep reports, evidence and run log there
    """
    from gate.model import Outcome

    target = _make(folder)
    outcomes = [_one(name, deployed_at, target, as_json=as_json) for name, deployed_at in RELEASES]
    if not as_json:
        store = f"--store {shlex.quote(str(target / 'gate.db'))}"
        say(f"\nReports, evidence and run log: {target}")
        say(f"Next: `gate log last {store}` reads a run like a story; `gate init` starts your own.")
    if outcomes != [Outcome.FAIL, Outcome.PASS]:
        message = f"the demo should fail and then pass a release, but came to {' and '.join(outcomes)}"
        raise GateError(message, hint="please report this, with the output of `gate --debug demo`")


def _make(folder: Path | None) -> Path:
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix="sentiment-gate-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder or Path(tempfile.gettempdir()), error) from error
    return folder


def _one(name: str, deployed_at: str, target: Path, *, as_json: bool) -> str:
    from datetime import datetime

    from gate import demo
    from gate.cli.checking import Options, check_recorded
    from gate.policy import Overrides
    from gate.report.markdown import render

    moment = datetime.fromisoformat(deployed_at)
    if not as_json:
        _title(f"── {name}, deployed {moment:%Y-%m-%d %H:%M} UTC ──")
    policy = Path(demo.__file__).parent / "gate.yml"
    pack = target / f"{moment:%Y-%m-%d}"
    store = str(target / "gate.db")
    options = Options(policy, Overrides(), evidence=pack, force=True, store=store, plain=True, as_json=as_json)
    report = check_recorded(options, moment, os.environ)
    write(target / f"{moment:%Y-%m-%d}.md", render(report))
    return report.verdict.outcome


def _title(text: str) -> None:
    show("\n" + (click.style(text, bold=True) if style(sys.stdout).color else text))
