"""``gate init``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from gate.cli.files import write
from gate.cli.terminal import say
from gate.errors import UsageFault

EXAMPLE_DEPLOY = "2026-03-10T14:00:00Z"
"""When the demo's bad release went out."""


@click.command("init", short_help="Write a commented gate.yml.")
@click.argument("path", type=click.Path(path_type=Path), default=Path("gate.yml"))
@click.option("--example", is_flag=True, help="Write the demo's policy and mentions beside it, ready to run.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(path: Path, *, example: bool, force: bool) -> None:
    """Write a commented policy to start from.

    \b
    gate init                 write ./gate.yml
    gate init ci/gate.yml     write somewhere else
    gate init --example       write ./gate.yml and ./mentions.jsonl of an invented product
    """
    from gate.policy import template

    files = {path: template()}
    if example:
        demo = resources.files("gate.demo")
        files = {path.with_name("mentions.jsonl"): demo.joinpath("mentions.jsonl").read_text(encoding="utf-8")}
        files[path] = demo.joinpath("gate.yml").read_text(encoding="utf-8")
    there = [str(file) for file in files if file.exists()]
    if there and not force:
        message = f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} there already"
        raise UsageFault(message, hint="edit what is there, or add --force to write over it")
    for file, text in files.items():
        write(file, text)
        say(f"Wrote {file}.")
    if example:
        say(f"Next: gate doctor, then gate check --deployed-at {EXAMPLE_DEPLOY}")
    else:
        say("Next: set `release` and your sources in it, then run `gate doctor`, then `gate check`.")
