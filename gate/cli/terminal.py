"""What the reader's screen can do, and how to print to it."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from gate.errors import GateError
from gate.report import safe
from gate.report.glyphs import fit
from gate.report.text import Style

if TYPE_CHECKING:
    from typing import TextIO


class Unheard:
    """Writes to a stream that may be closed, full or without a reader, and goes on if it is.

    For whatever is not worth a run: progress, and messages beside an exit code that says the same.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Take the stream; None, as Python has it for a closed descriptor, hears nothing."""
        self._stream = stream
        self.encoding: str = getattr(stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether somebody watches."""
        with suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def write(self, text: str) -> int:
        """Write, or lose it."""
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._stream.write(fit(text, self.encoding))
        return len(text)

    def flush(self) -> None:
        """Flush, or lose it."""
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._stream.flush()


class SafeFormatter(logging.Formatter):
    """Debug logs quote what servers and users say."""

    def format(self, record: logging.LogRecord) -> str:
        """Make each line safe, those of a traceback too."""
        return safe.lines(super().format(record))


def style(stream: TextIO | None) -> Style:
    """Ask the stream: colour and wrapping only on a terminal, and no colour where NO_COLOR is set."""
    asked = Unheard(stream)
    terminal = asked.isatty()
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else 0
    return Style(width=width, color=color, encoding=asked.encoding)


def show(text: str) -> None:
    """Print to standard output what is safe already.

    Raises:
        GateError: it cannot be written, e.g. as the disk is full.
        BrokenPipeError: the reader (head, less) went away, which ends the command without a message.
    """
    try:
        click.echo(fit(text, style(sys.stdout).encoding), color=style(sys.stdout).color)
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"standard output cannot be written: {error.strerror}"
        raise GateError(message, hint="free some space where it goes, or send it elsewhere") from error


def say(text: str) -> None:
    """Print lines to standard output, each made safe; raises what ``show`` raises."""
    show(safe.lines(text))


def tell(text: str) -> None:
    """Print lines to standard error, each made safe, whether anybody hears them or not."""
    stream = Unheard(sys.stderr)
    stream.write(safe.lines(text) + "\n")
    stream.flush()
