"""gate.yml → ``Policy``: every fault at once, each with its line and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import Fault, PolicyFault, UsageFault
from gate.policy.building import build
from gate.policy.reading import LARGEST_FILE, read
from gate.policy.schema import json_schema
from gate.policy.secrets import resolve_secret
from gate.policy.sections import (
    DEFAULT_SCORER,
    ActionSpec,
    Baseline,
    ByLanguage,
    Overrides,
    Policy,
    ScorerSpec,
    Window,
)
from gate.policy.specs import SourceSpec
from gate.policy.template import template
from gate.policy.values import format_duration, parse_duration

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DEFAULT_SCORER",
    "ActionSpec",
    "Baseline",
    "ByLanguage",
    "Overrides",
    "Policy",
    "ScorerSpec",
    "SourceSpec",
    "Window",
    "format_duration",
    "json_schema",
    "load",
    "load_text",
    "parse_duration",
    "resolve_secret",
    "template",
]


def load(path: Path, *, overrides: Overrides | None = None) -> Policy:
    """Read a policy file.

    Raises:
        UsageFault: there is no such file, or it cannot be read.
        PolicyFault: it is wrong; holds every fault.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        message = f"no policy at {path}"
        raise UsageFault(message, hint="write one with gate init") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        message = f"cannot read the policy {path}: {getattr(error, 'strerror', None) or error}"
        raise UsageFault(message, hint="give the path of a readable file with --policy") from error
    if len(content) > LARGEST_FILE:
        raise _unreadable(str(path), 0, "is larger than 1 MB", "is it a policy? long word lists are slow; shorten them")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(str(path), line, "is not UTF-8 text", "save it as UTF-8") from error
    return load_text(text, path=str(path), overrides=overrides)


def load_text(text: str, *, path: str = "gate.yml", overrides: Overrides | None = None) -> Policy:
    """Read a policy from its text; ``path`` is what faults call it.

    Raises:
        PolicyFault: it is wrong; holds every fault.
    """
    if len(text) > LARGEST_FILE:
        raise _unreadable(path, 0, "is larger than 1 MB", "is it a policy?")
    document = read(text, path)
    given = overrides or Overrides()
    for place, value, option in (
        (("release",), given.release, "--release"),
        (("window", "length"), given.length, "--window"),
        (("baseline", "length"), given.baseline, "--baseline"),
        (("scorer",), given.scorer, "--scorer"),
        (("dry_run",), given.dry_run, "--dry-run"),
        (("keep_text",), given.keep_text, "--keep-text"),
    ):
        if value is not None:
            document.override(place, value, option)
    try:
        return build(document)
    except PolicyFault as fault:
        if given.length is None:
            raise
        raise PolicyFault(tuple(map(_blamed, fault.faults)), hint=fault.hint) from None


def _blamed(fault: Fault) -> Fault:
    """Put the blame for a window that is too short for the rest on the option that made it so."""
    if fault.field in {"window.settle", "window.every"} and "length of the window" in fault.message:
        return Fault("--window", 0, "", f"{fault.field} {fault.message}", fault.hint)
    return fault


def _unreadable(path: str, line: int, message: str, hint: str) -> PolicyFault:
    return PolicyFault((Fault(path, line, "", message, hint),))
