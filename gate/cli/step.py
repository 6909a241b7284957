"""What a step of GitHub Actions runs: ``python -I -m gate.cli.step``, with the inputs of ``action.yml`` as environment.

``-I``, so that neither a folder of the user's repository nor a PYTHONPATH of the job stands in for our modules.
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from gate.ci.github.inputs import given
from gate.ci.github.inputs import words as to_words
from gate.cli import main, pipelines
from gate.cli.terminal import tell
from gate.errors import GateError, UsageFault

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import NoReturn


def step(environ: MutableMapping[str, str]) -> NoReturn:
    """Run the command that the inputs mean, and exit with its code."""
    try:
        words = _words(environ)
    except GateError as fault:
        tell(f"gate: {fault.message}\n  next: {fault.hint}")
        sys.exit(fault.exit_code)
    tell(f"gate {shlex.join(words)}")
    main(words)


def _words(environ: MutableMapping[str, str]) -> list[str]:
    with pipelines.telling("github", environ) as ci:
        inputs = given(environ)
        if ci and (token := inputs.get("token")):
            ci.hide(token)
            environ["GATE_TOKEN"] = token
        words = to_words(inputs, ci.facts() if ci else {})
        _parse(words)
    return words


def _parse(words: list[str]) -> None:
    """See that the command takes them, while there is still somebody to tell.

    Raises:
        UsageFault: it does not.
    """
    command: click.Command = import_module(f"gate.cli.{words[0]}").command
    try:
        command.make_context(words[0], words[1:])
    except click.ClickException as wrong:
        raise UsageFault(wrong.format_message(), hint="see the inputs of the action in docs/github.md") from wrong


if __name__ == "__main__":
    step(os.environ)
