"""Finds sources, scorers and actions by name, without importing the ones not asked for.

A built-in plug is a module in the folder of its kind, and its file name is the name users
write. Third parties register an entry point in the group ``gate.sources``, ``gate.scorers``
or ``gate.actions`` that names a module of the same shape. A built-in name cannot be taken over.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gate.errors import UsageFault

if TYPE_CHECKING:
    from types import ModuleType

Kind = Literal["sources", "scorers", "actions"]

_FOLDERS = {kind: Path(__file__).parent / kind for kind in ("sources", "scorers", "actions")}


def names(kind: Kind) -> list[str]:
    """Return the names users may write, sorted; third parties' included."""
    return sorted(_built_in(kind) | {entry.name for entry in registered(kind)})


def load(kind: Kind, name: str) -> ModuleType:
    """Import the module of one plug.

    Raises:
        UsageFault: no such name; the message lists the known ones.
    """
    known = names(kind)
    if name not in known:
        message = f"unknown type {name!r}; known: {', '.join(known) or 'none yet'}"
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]}? If not, " if near else ""
        raise UsageFault(message, hint=f"{meant}write one of the known types, or install the plug-in")
    module = name.replace("-", "_")
    if (_FOLDERS[kind] / f"{module}.py").exists() or (_FOLDERS[kind] / module).is_dir():
        return importlib.import_module(f"gate.{kind}.{module}")
    loaded: ModuleType = next(entry for entry in registered(kind) if entry.name == name).load()
    return loaded


@cache
def registered(kind: Kind) -> metadata.EntryPoints:
    """Return third parties' plugs; asked once, as it reads the metadata of everything installed."""
    return metadata.entry_points(group=f"gate.{kind}")


@cache
def _built_in(kind: Kind) -> frozenset[str]:
    modules = (found.name for found in pkgutil.iter_modules([str(_FOLDERS[kind])]))
    return frozenset(_written(name) for name in modules if not name.startswith("_"))


def _written(module: str) -> str:
    # Users write github-dispatch; a Python module cannot be called that.
    return module.replace("_", "-")
