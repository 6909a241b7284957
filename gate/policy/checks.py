"""What must hold between the sections of a policy, and what no line of it may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate import plugins
from gate.decide import Share, Surge
from gate.policy.faults import shown
from gate.policy.secrets import secrets_in
from gate.policy.values import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.decide import Minimum
    from gate.policy.faults import Faults
    from gate.policy.reading import Document, Place
    from gate.policy.sections import Baseline, Window

_SEARCHED = {"release", "query", "any", "drop", "require"}
"""Options whose text is looked for, so that losing half of it to a comment goes unnoticed."""


def check_periods(window: Window | None, baseline: Baseline | None, faults: Faults) -> None:
    """Refuse a baseline shorter than the window it is compared with."""
    if window and baseline and baseline.length < window.length:
        before, after = format_duration(baseline.length), format_duration(window.length)
        place: Place = ("window", "length")
        if place not in faults.document.overridden:
            place = ("baseline", "length")
        faults.add(place, f"the baseline of {before} must not be shorter than the window of {after}")


def check_minimum(minimum: Minimum | None, sources: object, faults: Faults) -> None:
    """Refuse to ask for more sources than there are."""
    if minimum and isinstance(sources, tuple) and 0 < len(sources) < minimum.sources:
        faults.add(("minimum", "sources"), f"{minimum.sources} can never be heard: the policy has {len(sources)}")


def check_control(control: object, rules: object, faults: Faults) -> None:
    """Refuse a control that no rule would ask."""
    if control and isinstance(rules, tuple) and rules and not any(isinstance(rule, Share | Surge) for rule in rules):
        hint = "add a rule of type share or surge, or leave the control out"
        faults.add(("control",), "no rule compares with it: that do only share and surge", hint)


def check_required(sources: object, faults: Faults) -> None:
    """Refuse a policy that could pass a release without having heard anybody."""
    if isinstance(sources, tuple) and sources and not any(source.required for source in sources):
        hint = "take required: false from the one you rely on"
        faults.add(("sources",), "no source is required, so that an outage of all would go unnoticed", hint)


def check_baseline_file(baseline: Baseline | None, faults: Faults) -> None:
    """Refuse a file that the source ``file`` would refuse."""
    if not baseline or baseline.file is None:
        return
    try:
        plugins.load("sources", "file").Options(path=baseline.file)
    except ValueError as error:
        faults.add(("baseline", "file"), str(error).removeprefix("path").lstrip(": "))


def check_comments(document: Document, faults: Faults) -> None:
    """Refuse a text to look for whose second half YAML took as a comment."""
    for place, comment in document.comments.items():
        names = {part for part in place[-2:] if isinstance(part, str)}
        if names & _SEARCHED and place not in faults.places:
            hint = "quote the whole value, or put a space after the # if it is a comment"
            faults.add(place, f"YAML takes {shown(comment)} as a comment", hint)


def check_secrets(document: Document, faults: Faults) -> None:
    """Refuse what looks like a secret, be it in a value, a key or a comment."""
    hint = "put it into the environment and write ${NAME} here"
    told: set[str] = set()
    for place, text in _texts(document.value, ()):
        found = secrets_in(text)
        told |= found
        if found and place not in faults.places:
            faults.add(place, "looks like a secret, and a secret in the file is refused", hint)
    for number, row in enumerate(document.text.splitlines(), 1):
        if secrets_in(row) - told:
            faults.add((), "holds what looks like a secret, and a secret in the file is refused", hint, line=number)


def _texts(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key), key
            yield from _texts(inner, (*place, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*place, index))
