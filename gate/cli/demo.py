"""``gate demo``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from gate.errors import GateError

RELEASES = (
    ("the bad release", "2026-03-10T14:00:00+00:00"),
    ("the mended one, a week later", "2026-03-17T14:00:00+00:00"),
)


@click.command("demo", short_help="See a bad release halted and a good one promoted.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where reports and evidence go; default: a new one.")
def command(*, folder: Path | None) -> None:
    r"""Run the main job on recorded mentions of an invented product: no keys, no network.

    Two releases, judged by the same policy look by look as if it were live: one breaks its
    users' login, one is as good as the weeks before.

    \b
    gate demo
    gate demo --folder demo/     keep reports, evidence and run log there
    """
    from gate.model import Outcome

    target = folder or Path(tempfile.mkdtemp(prefix="sentiment-gate-demo-"))
    target.mkdir(parents=True, exist_ok=True)
    outcomes = [_one(name, deployed_at, target) for name, deployed_at in RELEASES]
    store = f"--store {target / 'gate.db'}"
    click.echo(f"\nReports, evidence and run log: {target}")
    click.echo(f"Next: `gate log last {store}` reads a run like a story; `gate init` starts your own.")
    if outcomes != [Outcome.FAIL, Outcome.PASS]:
        message = f"the demo should fail and then pass a release, but came to {' and '.join(outcomes)}"
        raise GateError(message, hint="please report this, with the output of `gate --debug demo`")


def _one(name: str, deployed_at: str, target: Path) -> str:
    from datetime import datetime

    from gate import demo
    from gate.cli.checking import Options, check_recorded
    from gate.policy import Overrides
    from gate.report.markdown import render

    moment = datetime.fromisoformat(deployed_at)
    click.echo(click.style(f"\n── {name}, deployed {moment:%Y-%m-%d %H:%M} UTC ──", bold=True))
    policy = Path(demo.__file__).parent / "gate.yml"
    pack = target / f"{moment:%Y-%m-%d}"
    options = Options(policy, Overrides(), evidence=pack, force=True, store=str(target / "gate.db"), plain=True)
    report = check_recorded(options, moment, os.environ)
    (target / f"{moment:%Y-%m-%d}.md").write_text(render(report), encoding="utf-8")
    return report.verdict.outcome
