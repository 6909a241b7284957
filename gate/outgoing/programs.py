"""Programs that are run and waited for: never through a shell, with an end, and with nothing of theirs on our own output."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from gate.errors import ActionRefused
from gate.http import CutOff, go_on, one_line, redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GRACE = timedelta(seconds=5)
"""Between being asked to stop and being stopped."""
TAIL = 4096
"""Bytes of what it prints in which its last line is looked for."""
BASICS = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP",
    "SYSTEMROOT", "COMSPEC", "PATHEXT", "WINDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA",
)  # fmt: skip
"""Variables that programs need to run at all."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    status: int | None
    """As a shell would tell it; below 0 the signal that ended it; None if it took too long."""
    said: str
    """The last line of what it printed, safe to print, without what was to be hidden."""


def basics(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment any program may have: no secrets."""
    return {name: environ[name] for name in BASICS if name in environ}


def run(
    arguments: Sequence[str], environ: Mapping[str, str], folder: Path, within: timedelta, hide: tuple[str, ...] = ()
) -> Ended:
    """Run a program and wait for its end.

    Args:
        arguments: program and arguments.
        environ: all that it has.
        folder: where it runs.
        within: so long it may take; then it is ended, with all that it started.
        hide: what must not be told of what it prints, the longest first.

    Raises:
        ActionRefused: it cannot be started.
        Cancelled: the process was told to stop; so was the program.
    """
    with tempfile.TemporaryFile() as printed:
        try:
            process = subprocess.Popen(  # noqa: S603 - what the policy names; facts of the run are plain words in it
                list(arguments),
                env=dict(environ),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                # A group of its own, so that what it starts ends with it.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"{arguments[0]} cannot be started: {why}"
            raise ActionRefused(
                message, hint="check the program's path and rights; scripts need a first line #!…"
            ) from error
        cut = CutOff(within.total_seconds(), lambda: _end(process))
        by_itself = False
        try:
            with cut:
                process.wait()
            by_itself = not cut.fired
        finally:
            if not by_itself:
                _end(process)
                process.wait()
                _tell(process, hard=True)  # What it started may not have listened.
        go_on()
        return Ended(process.returncode if by_itself else None, _last_line(printed, hide))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, with all that it started, and see to it that it does."""
    _tell(process)
    insist = threading.Timer(GRACE.total_seconds(), _insist, [process])
    insist.daemon = True
    insist.start()


def _insist(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _tell(process, hard=True)


def _tell(process: subprocess.Popen[bytes], *, hard: bool = False) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL if hard else signal.SIGTERM)
        else:
            process.kill()


def _last_line(printed: IO[bytes], hide: tuple[str, ...]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(size - TAIL, 0))
    # Hidden before anything is cut: half of a secret would not be known as one.
    lines = redact(printed.read(TAIL).decode(errors="replace"), hide).splitlines()
    whole = lines[1:] if size > TAIL else lines
    return one_line(next((each for each in reversed(whole) if each.strip()), ""))
