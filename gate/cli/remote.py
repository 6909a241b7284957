"""What commands that ask a service have in common."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.client import Client, RunState, VerdictState

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

service = click.option("--service", "url", metavar="URL", help="Of the gate service; default $GATE_URL.")
token = click.option("--token", metavar="'${NAME}'", help="Variable that holds the token; default ${GATE_TOKEN}.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON, one object a line.")
reason = click.option("--reason", required=True, help="Why; stands in the log, with who and when.")
run = click.argument("run")


def ordered(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return several options as one decorator."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - click's
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def connect(url: str | None, token: str | None) -> Client:
    """Return a client of the service that is meant.

    Raises:
        UsageFault: it is not said which, or as whom; or the token itself stands on the command line.
        SourceRefused: the variable of the token is not set.
    """
    from gate.client import Client
    from gate.errors import UsageFault
    from gate.policy import resolve_secret

    where = address(url)
    reference = token or "${GATE_TOKEN}"
    if not REFERENCE.fullmatch(reference):
        message = "--token takes the name of a variable, not the token: others see command lines"
        raise UsageFault(message, hint="put the token into the environment, and write --token '${NAME}'")
    return Client(where, resolve_secret(reference, os.environ))


def address(url: str | None) -> str:
    """Return the address of the service that is meant.

    Raises:
        UsageFault: it is not said which.
    """
    from gate.errors import UsageFault

    where = url or os.environ.get("GATE_URL")
    if not where:
        message = "it is not said which service to ask"
        raise UsageFault(message, hint="give --service URL, or set GATE_URL")
    return where


def show_run(found: RunState, *, as_json: bool) -> None:
    """Print how a run stands."""
    from gate.cli.terminal import say, show
    from gate.report import safe

    if as_json:
        show(safe.json(found))
        return
    outcome = found.outcome or found.state
    named = f" of {found.release}" if found.release else ""
    say(f"{outcome.upper()}: run {found.id}{named}, deployed {found.deployed_at:%Y-%m-%d %H:%M} UTC")
    if found.decision:
        say(f"  decision: {found.decision}")
    if found.reason:
        say(f"  {found.reason}")
    if found.state == "running":
        say(f"  watched until {found.window_to:%Y-%m-%d %H:%M} UTC")


def show_verdict(found: VerdictState, *, as_json: bool) -> None:
    """Print a verdict."""
    from gate.cli.terminal import say, show
    from gate.report import safe

    if as_json:
        show(safe.json(found))
        return
    say(f"{found.outcome.upper()}: {found.decision} (run {found.run})")
    say(f"  {found.reason}")
