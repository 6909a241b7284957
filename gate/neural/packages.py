"""Imports what only the extra brings, or says how to get it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gate.errors import ScorerFault

if TYPE_CHECKING:
    from types import ModuleType

INSTALL = 'pip install "sentiment-gate[embedding]"'


def imported(name: str) -> ModuleType:
    """Import a package of the extra ``[embedding]``.

    Raises:
        ScorerFault: it is not installed, or does not load on this machine.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == name
        message = f"the package {name} is {'not installed' if missing else f'broken: {error}'}"
        raise ScorerFault(message, hint=INSTALL) from error
