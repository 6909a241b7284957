"""What the reader's screen can do."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from gate.report.text import Style

if TYPE_CHECKING:
    from typing import TextIO


def style(stream: TextIO) -> Style:
    """Ask the stream: colour and wrapping only on a terminal, and no colour where NO_COLOR is set."""
    terminal = stream.isatty()
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else 0
    return Style(width=width, color=color, encoding=stream.encoding or "utf-8")
