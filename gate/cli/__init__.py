"""The ``gate`` command. Commands parse and print only; each is one file, imported when called."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gate import __version__
from gate.errors import Cancelled, GateError, PolicyFault

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "check": "Watch until there is a verdict: the main job.",
    "demo": "See a bad release halted and a good one promoted; no keys, no network.",
    "init": "Write a commented gate.yml to start from.",
    "doctor": "Try keys, sources, clock and store, and say what to mend.",
    "schema": "Print the JSON Schema of gate.yml for editors.",
    "backtest": "Judge past releases by recorded mentions: what would the gate have said?",
    "calibrate": "Replay your history: how often the policy halts for nothing, and what it would catch.",
    "score": "Score texts: lines or JSON Lines in, JSON Lines out.",
    "replay": "Decide again from an evidence pack: same bytes in, same verdict out.",
    "serve": "Run the service: API, page and a worker.",
    "worker": "Watch the runs that callers ordered, beside other workers.",
    "token": "Make, list and revoke the tokens that the service takes.",
    "notify": "Send a test to whoever the policy's actions tell.",
    "setup": "Set up a CI system to work with the gate.",
    "start": "Start a run on a service.",
    "status": "Say how a run stands on a service, and exit with its verdict.",
    "approve": "Promote a release, whatever the evidence says.",
    "reject": "Halt a release, whatever the evidence says.",
    "cancel": "End a run without a verdict.",
    "extend": "Watch a release for longer.",
    "runs": "List recorded runs.",
    "report": "Write a run as one HTML file, Markdown, JSON or a picture.",
    "log": "Read one run like a story, or verify that nothing was changed.",
    "purge": "Forget who wrote what, by age, id, author, or as platforms ask.",
    "migrate": "Bring the run log to the schema of this gate, or back to an older one.",
}
"""Name to the line that ``gate --help`` shows; ``gate/cli/<name>.py`` holds the command."""


class Commands(click.Group):
    """Imports a command only when it is called, so that ``gate --help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``gate.cli.<name>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = importlib.import_module(f"gate.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run the command; a reader (head, less) that goes away is no fault of ours."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Here rather than in main: click ends with 1 before main could see it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for an unknown one."""
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            did_you_mean = f" Did you mean {near[0]!r}?" if near else ""
            message = f"No such command {args[0]!r}.{did_you_mean}"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gate")
@click.option("--debug", is_flag=True, help="Show the traceback of errors, and debug logs on stderr.")
@click.pass_context
def gate(ctx: click.Context, *, debug: bool) -> None:
    """Listen to users after a deploy, and tell the pipeline: pass, fail or inconclusive.

    \b
    Start:    gate demo
    Your own: gate init && gate doctor && gate check

    \b
    Exit codes: 0 pass · 10 fail · 11 inconclusive · 12 error · 13 waiting
                1 the gate itself broke · 2 usage or policy fault · 130/143 cancelled
    """
    ctx.obj = debug
    if debug:
        import logging

        from gate.cli.terminal import SafeFormatter

        handler = logging.StreamHandler()
        handler.setFormatter(SafeFormatter(logging.BASIC_FORMAT))
        logging.basicConfig(level=logging.DEBUG, handlers=[handler])


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code: the one place where errors are printed."""
    _open_standard_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words, debug="--debug" in words)
    finally:
        _let_go()
    raise SystemExit(code)


def _run(words: list[str], *, debug: bool) -> int:
    try:
        # click ends the command with 1 where the reader of standard output went away.
        return gate.main(args=words, prog_name="gate", standalone_mode=False) or 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        shown = io.StringIO()
        wrong.show(shown)
        _tell(shown.getvalue().rstrip("\n"))
        return 2
    except (click.Abort, KeyboardInterrupt):
        _tell("gate: cancelled")
        return 130
    except GateError as fault:
        return _say(fault, debug=debug)
    except Exception as bug:  # noqa: BLE001 - the error door
        return _confess(bug, debug=debug)


def _say(fault: GateError, *, debug: bool) -> int:
    if debug:
        _tell(traceback.format_exc())
    # Each fault of a policy begins its line, so that editors and CI find file and line.
    number = len(fault.faults) if isinstance(fault, PolicyFault) else 1
    _tell(f"gate: {number} faults\n{fault.message}" if number > 1 else f"gate: {fault.message}")
    if quote := getattr(fault, "quote", ""):
        _tell(f"  it says: {' '.join(quote.split())}")
    # Each fault of a policy says what would mend it; what comes after that is the same for all.
    if hint := fault.hint or ("mend what is named and run again" if isinstance(fault, PolicyFault) else ""):
        _tell(f"  next: {hint}")
    return 128 + fault.signal_number if isinstance(fault, Cancelled) else fault.exit_code


def _confess(bug: Exception, *, debug: bool) -> int:
    if debug:
        _tell(traceback.format_exc())
    _tell(f"gate: the gate itself broke: {type(bug).__name__}: {bug}")
    _tell("  next: run again as `gate --debug …` and report the traceback; the verdict is unknown")
    return 1


def _tell(text: str) -> None:
    # Imported here, as `gate --help` needs no report.
    from gate.cli.terminal import tell

    tell(text)


def _open_standard_streams() -> None:
    """Point what was closed (``2>&-``) at the null device, so that no file we open takes its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest free number.
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - till the end


def _let_go() -> None:
    """Flush what is left to print; where that fails, drop it, or Python would exit with 120 whatever the verdict."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
