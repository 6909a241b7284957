"""What a runner of GitHub Actions reads: commands in the log, and files of outputs.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return one line that the runner acts on, whatever stands in message and properties."""
    given = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items() if value != "")
    return f"::{name}{' ' if given else ''}{given}::{_escaped(message, _DATA)}"


def delimiter() -> str:
    """Return a word that nobody who wrote before now can have written."""
    return f"gate_{secrets.token_hex(16)}"


def set_outputs(file: Path, outputs: Mapping[str, str]) -> None:
    """Add to ``$GITHUB_OUTPUT``.

    Raises:
        OSError: it cannot be written.
    """
    mark = delimiter()
    text = "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, value in outputs.items())
    append(file, text)


def append(file: Path, text: str) -> None:
    """Add to a file that other steps may have written to.

    Raises:
        OSError: it cannot be written.
    """
    with file.open("a", encoding="utf-8", newline="\n") as opened:
        opened.write(text)


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    return "".join(signs.get(sign, sign) for sign in text)
