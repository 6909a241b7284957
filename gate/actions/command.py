"""Action `command`: runs a program of yours, never through a shell, with what is known of the run in its environment.

Its exit status says what came of it: 0 is done, 75 (`EX_TEMPFAIL`) is tried again, anything else has failed for good, as has what
takes too long. What it prints stays off the gate's own output; the last line is kept in the log.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gate.errors import ActionRefused, GateError, SourceDown
from gate.model import Check, Intent
from gate.outgoing import places, programs
from gate.outgoing.checking import Checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.model import Occasion
    from gate.ports import ActionContext

IN_ARGUMENTS = tuple(name for name in places.PLACES if name not in {"reason", "url"})
"""What may stand in an argument; all else has to be read from the environment, where it is no part of a command line."""
VARIABLES = {name: f"GATE_{'PAGE' if name == 'url' else name.upper()}" for name in places.PLACES}
"""Place to variable. `GATE_URL` is the address of a service for the gate's own commands."""
LONGEST = timedelta(minutes=10)
AGAIN = 75
"""EX_TEMPFAIL of sysexits.h."""
_PLAIN = re.compile(r"(?!.*\.\.)[A-Za-z0-9#][A-Za-z0-9._:/@+#-]*")
"""Nothing that a program could take for an option, for the way to another folder, or a shell for code."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_HIDDEN = 5
"""Shorter values are no secrets: to hide them would hide half of the words."""


@dataclass(frozen=True, slots=True)
class Options(Checked):
    """What is run."""

    command: tuple[str, ...]
    """Program and arguments, one item each; facts of the run in braces, but for `{reason}` and `{url}`. A relative path starts at the policy's folder, in which it runs."""
    environment: tuple[str, ...] = ()
    """Variables handed on from the gate's own environment; without them it has `PATH`, `HOME`, `LANG` and the like, and no secret."""
    timeout: timedelta = timedelta(seconds=60)
    """So long it may take; then it is ended with all that it started."""

    def problems(self) -> list[str]:
        """Say what could not be run, or not safely."""
        unfit = [name for each in self.command[1:] for name in places.named(each) if name not in IN_ARGUMENTS]
        program = self.command[0] if self.command else ""
        return [
            "" if program.strip() else "command must name a program, e.g. [./roll-back.sh, '{release}']",
            "command must name its program as it is, without places" if places.named(program) else "",
            f"command must not hold {{{unfit[0]}}}: let it read the variable {VARIABLES[unfit[0]]}" if unfit else "",
            "command must hold no NUL character" if any("\0" in each for each in self.command) else "",
            places.problem(self.command, option="command"),
            *(f"environment: {each} is no name of a variable" for each in self.environment if not _name(each)),
            "" if timedelta(0) < self.timeout <= LONGEST else "timeout must be above 0 and at most 10m",
        ]


class Action:
    """Runs it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is run yet."""
        self._options = options
        self._context = context
        self.longest = options.timeout + programs.GRACE

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the command line, and the variables that hold facts.

        Raises:
            ActionRefused: a fact has no place in an argument.
        """
        facts = {**_facts(occasion), "GATE_EVIDENCE": "(a folder)", "GATE_REPORT": "(a file)"}
        body = {"arguments": self._arguments(occasion), "environment": facts, "handed on": [*self._options.environment]}
        return [Intent("RUN", self._program(), body)]

    def run(self, occasion: Occasion) -> str:
        """Run it to its end.

        Raises:
            ActionRefused: it cannot be started, failed, or took too long.
            SourceDown: it asks to be run again.
            Cancelled: the process was told to stop; so was the program.
        """
        arguments = [self._program(), *self._arguments(occasion)]
        name = Path(arguments[0]).name
        with tempfile.TemporaryDirectory(prefix="gate-command-", ignore_cleanup_errors=True) as folder:
            environ = self._environ(occasion, Path(folder))
            ended = programs.run(
                arguments, environ, self._context.folder.absolute(), self._options.timeout, self._secrets()
            )
        told = f": {ended.said}" if ended.said else ""
        if ended.status == 0:
            return f"{name} ran{told}"
        if ended.status == AGAIN:
            message = f"{name} asks to be run again{told}"
            raise SourceDown(message, hint="see why it exits with 75")
        if ended.status is None:
            message = f"{name} took longer than {self._options.timeout.total_seconds():g} s and was ended{told}"
            raise ActionRefused(message, hint="see how far it came, and give it a longer timeout")
        message = f"{name} failed with {ended.status}{told}"
        raise ActionRefused(message, hint=f"see how far it came; only what exits with {AGAIN} is run again")

    def check(self) -> Sequence[Check]:
        """See whether there is such a program; nothing is run."""
        program = self._program()
        found = shutil.which(program, path=self._context.environ.get("PATH"))
        if found:
            return [Check("program", ok=True, detail=found)]
        fix = "check its path, which starts at the policy's folder, and its rights (chmod +x)"
        return [Check("program", ok=False, detail=f"{program} is not there, or may not be run", fix=fix)]

    def close(self) -> None:
        """Nothing is kept open."""

    def _program(self) -> str:
        program = self._options.command[0]
        # Found here and not by whoever starts it: some look in the folder they are in now, others in the new one.
        return str(self._context.folder.absolute() / program) if "/" in program or "\\" in program else program

    def _arguments(self, occasion: Occasion) -> list[str]:
        known = places.values(occasion)
        for each in self._options.command[1:]:
            for name in places.named(each):
                if known[name] and not _PLAIN.fullmatch(known[name]):
                    message = f"{name} holds what has no place in an argument: {known[name]!r}"
                    raise ActionRefused(message, hint=f"let the command read the variable {VARIABLES[name]}")
        return [places.filled(each, occasion) for each in self._options.command[1:]]

    def _environ(self, occasion: Occasion, folder: Path) -> dict[str, str]:
        """Return its environment; evidence and report are written where it says."""
        evidence, report = folder / "evidence", folder / "report.md"
        report.write_text(occasion.markdown, encoding="utf-8")
        # What rolls back must not be kept from it by evidence that cannot be written.
        with suppress(GateError):
            occasion.evidence(str(evidence))
        return {
            **programs.basics(self._context.environ),
            **self._handed_on(),
            **_facts(occasion),
            "GATE_EVIDENCE": str(evidence) if evidence.is_dir() else "",
            "GATE_REPORT": str(report),
        }

    def _handed_on(self) -> Mapping[str, str]:
        known = self._context.environ
        return {name: known[name] for name in self._options.environment if name in known}

    def _secrets(self) -> tuple[str, ...]:
        # Of a key of several lines each line is a part.
        parts = {part for value in self._handed_on().values() for part in (value, *value.splitlines())}
        return tuple(sorted((each for each in parts if len(each) > _MOST_HIDDEN), key=len, reverse=True))


def _facts(occasion: Occasion) -> dict[str, str]:
    facts = {VARIABLES[name]: value for name, value in places.values(occasion).items()}
    return {**facts, "GATE_KEY": occasion.key, "GATE_AGAIN": "1" if occasion.again else "0"}


def _name(text: str) -> bool:
    return _VARIABLE.fullmatch(text) is not None
