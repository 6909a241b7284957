"""What an agent of Azure Pipelines does around a step: its environment, and what it reads in the log.

https://github.com/microsoft/azure-pipelines-agent, Agent.Sdk/Knob and Microsoft.VisualStudio.Services.Agent/Command.cs: a
command begins wherever ``##vso[`` stands in a line, whatever stands before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BEGINS = re.compile(r"##vso\[", re.IGNORECASE)
_COLOURED = re.compile(r"##\[", re.IGNORECASE)
_ESCAPED = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%AZP25": "%"}


@dataclass(frozen=True)
class Command:
    """One that the agent acts on."""

    name: str
    properties: dict[str, str]
    data: str


@dataclass
class Agent:
    """A step's surroundings."""

    folder: Path
    """Where the repository is."""

    def __post_init__(self) -> None:
        """Make the folder that is emptied after each job."""
        self.temporary.mkdir(parents=True, exist_ok=True)

    @property
    def temporary(self) -> Path:
        """Of ``$(Agent.TempDirectory)``."""
        return self.folder / "agent"

    def environment(self) -> dict[str, str]:
        """Return what a step has; there is no ``CI``."""
        return {
            "TF_BUILD": "True",
            "AGENT_TEMPDIRECTORY": str(self.temporary),
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "Web shop",
            "BUILD_BUILDID": "318",
            "BUILD_REPOSITORY_NAME": "acme/app",
            "BUILD_SOURCEVERSION": "c0ffee",
            "BUILD_SOURCEBRANCHNAME": "main",
        }


RUN = "https://dev.azure.com/acme/Web%20shop/_build/results?buildId=318"


def commands(log: str) -> list[Command]:
    """Read a log as the agent does; whoever coloured a line with ``##[`` is a failure."""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        if begins := _BEGINS.search(line):
            inside, bracket, data = line[begins.end() :].partition("]")
            assert bracket, f"a command without an end: {line!r}"
            name, _, given = inside.partition(" ")
            pairs = [each.split("=", 1) for each in given.split(";") if "=" in each]
            found.append(Command(name, {key: _read(value) for key, value in pairs}, _read(data)))
        else:
            assert not _COLOURED.search(line), line
    return found


def variables(log: str) -> dict[str, str]:
    """Return the output variables that are set, each exactly once."""
    found: dict[str, str] = {}
    for each in commands(log):
        if each.name == "task.setvariable":
            assert each.properties["isOutput"] == "true"
            assert each.properties["variable"] not in found, "set twice"
            found[each.properties["variable"]] = each.data
    return found


def _read(text: str) -> str:
    for sign, meant in _ESCAPED.items():
        text = text.replace(sign, meant)
    return text
