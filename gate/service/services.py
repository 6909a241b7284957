"""What the views of the service work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.ports import Clock
    from gate.runs import Runs
    from gate.service.settings import Settings
    from gate.store import Store

_NAME = "gate"


@dataclass(frozen=True, slots=True)
class Services:
    """Built once for a process, shared by its threads."""

    store: Store
    runs: Runs
    clock: Clock
    settings: Settings
    environ: Mapping[str, str]
    """Where ``${NAME}`` is resolved."""

    def attach(self, extensions: dict[str, object]) -> None:
        """Let views find it, in ``app.extensions``."""
        extensions[_NAME] = self


def services() -> Services:
    """Return those of the application that answers this request."""
    return cast("Services", current_app.extensions[_NAME])
