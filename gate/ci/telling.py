"""What every system is told alike: the summary that people read, and why there is no verdict."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gate.errors import GateError, PolicyFault
from gate.report import content, markdown, safe

if TYPE_CHECKING:
    from gate.errors import Fault
    from gate.report.content import Report

MOST_FAULTS = 9
"""Of a policy, each told at its line: systems show ten messages of a step, and the last one says what all come to."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no verdict."""

    message: str
    hint: str
    faults: tuple[Fault, ...] = ()
    """Of the policy, those that are told one by one."""


def trouble(error: Exception) -> Trouble:
    """Return what an error comes to, for people."""
    if isinstance(error, PolicyFault):
        message = f"the policy has {content.count(len(error.faults), 'fault')}"
        return Trouble(message, error.hint, error.faults[:MOST_FAULTS])
    if isinstance(error, GateError):
        return Trouble(error.message, error.hint)
    return Trouble(str(error) or type(error).__name__, "")


def sentence(fault: Fault) -> str:
    """Return what is wrong in one place of a policy, as one line."""
    said = f"{fault.field}: {fault.message}" + (f" ({fault.hint})" if fault.hint else "")
    return safe.terminal(said)


def summary(report: Report, url: str) -> str:
    """Return what people read of a verdict, in Markdown; with a link to the run where it has an address."""
    # Without the run's id: its log is on the machine that runs the step, which is gone when somebody reads this.
    text = markdown.render(replace(report, run="", store=""))
    address = safe.link(url)
    return f"{text}\n[The run, look by look](<{address}>)\n" if address else text


def keep(folder: str, run: str, text: str) -> str:
    """Write a summary where later steps can take it from.

    Args:
        folder: that is emptied after the job; empty for none.
        run: whose summary it is.
        text: of it.

    Returns:
        where it is; empty where there is no room.
    """
    if not folder:
        return ""
    file = Path(folder) / f"sentiment-gate-{re.sub(r'[^0-9A-Za-z-]', '', run)}.md"
    with suppress(OSError):
        file.write_text(text, encoding="utf-8")
        return str(file)
    return ""
