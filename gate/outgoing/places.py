"""The places in an action's options that are filled with facts of the run: a closed list, so that nothing else gets out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gate.canonical import rfc3339
from gate.report import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gate.model import Occasion

LABELS = ("repository", "environment", "commit", "ref", "deployment")
"""Labels of a run that may be named."""
PLACES = {
    "run": "id of the run",
    "moment": "`pass`, `fail`, `inconclusive` or `error`; an approved run passes, a rejected one fails",
    "outcome": "what the evidence says: `pass`, `fail`, `inconclusive` or `error`",
    "decision": "`promote`, `hold` or `halt`",
    "code": "machine-readable reason, e.g. `share_rose`",
    "reason": "the verdict's sentence",
    "release": "the policy's `release`",
    "deployed_at": "time of the deploy, RFC 3339 in UTC",
    "decided_at": "time of the decision",
    "url": "page of the run; empty without a service",
    **{name: f"label `{name}` of the run; empty without one" for name in LABELS},
}
"""Name to what stands there, for the documentation."""
LONGEST = 1000
"""Characters of one value."""

_PLACE = re.compile(r"\{([A-Za-z_]*)\}")
_CALLS = re.compile(r"([@#])(?=\w)")


def problem(texts: Iterable[str], *, option: str) -> str:
    """Say which place in these texts nobody fills; empty if all are known."""
    for text in texts:
        for name in _PLACE.findall(text):
            if name not in PLACES:
                return f"{option} holds {{{name}}}, which nobody fills; known: {', '.join(PLACES)}"
    return ""


def filled(text: str, occasion: Occasion, *, made_safe: Callable[[str], str] = str) -> str:
    """Return the text with every place filled; what stands in it afterwards is one line without control characters.

    Args:
        text: with places.
        occasion: whose facts they are.
        made_safe: what else is done to each fact, where the text goes; not to the run's address, which is the gate's own.
    """
    known = values(occasion)
    known = {name: each if name == "url" else made_safe(each) for name, each in known.items()}
    return _PLACE.sub(lambda found: known.get(found[1], found[0]), text)


def named(text: str) -> list[str]:
    """Return the places in a text."""
    return [name for name in _PLACE.findall(text) if name in PLACES]


def nameless(text: str) -> str:
    """Return a text whose names and numbers are broken up: many systems make links of them, and tell whom they name."""
    return _CALLS.sub("\\1\u200b", text)


def quiet(text: str) -> str:
    """Return a text that calls nobody and links nowhere in a chat."""
    return nameless(text).replace("<", "\u2039").replace(">", "\u203a").replace("://", ":\u200b//")


def label(occasion: Occasion, name: str) -> str:
    """Return a label of the run, on one line; empty without one."""
    return line(occasion.labels.get(name, ""))


def values(occasion: Occasion) -> dict[str, str]:
    """Return what each place is filled with."""
    verdict, release = occasion.verdict, occasion.release
    return {
        "run": occasion.run,
        "moment": occasion.moment,
        "outcome": verdict.outcome.value,
        "decision": verdict.decision.value,
        "code": line(verdict.code),
        "reason": line(verdict.reason),
        "release": line(release.name),
        "deployed_at": rfc3339(release.deployed_at),
        "decided_at": rfc3339(verdict.decided_at),
        "url": occasion.url,
        **{name: label(occasion, name) for name in LABELS},
    }


def holds(text: object, key: str) -> bool:
    """Say whether somebody's text holds an action's id: ``X.5.1`` is not in ``X.5.10``."""
    return isinstance(text, str) and re.search(rf"{re.escape(key)}(?![0-9])", text) is not None


def line(text: str) -> str:
    """Return a text on one line, safe to print, and not without end."""
    return safe.terminal(text)[:LONGEST]
