"""What an agent of Azure Pipelines reads in a log: commands.

https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands; the escapes are those of the agent's own
library (azure-pipelines-task-lib, node/taskcommand.ts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATA = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, "]": "%5D", ";": "%3B"}
_EXPANDED = ("$(", "$[", "${{")


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return one line that the agent acts on, whatever stands in message and properties.

    Args:
        name: area and action, e.g. ``task.logissue``.
        message: what follows the command.
        properties: in this order; what is empty is left out.
    """
    given = "".join(f"{key}={_escaped(str(value), _PROPERTY)};" for key, value in properties.items() if value != "")
    return f"##vso[{name}{' ' if given else ''}{given}]{_escaped(message, _DATA)}"


def inert(text: str) -> str:
    """Return a value that stays what it is where a pipeline uses the variable: nothing in it is expanded again."""
    for sign in _EXPANDED:
        text = text.replace(sign, f"$ {sign[1:]}")
    return text


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    return "".join(signs.get(sign, sign) for sign in text)
