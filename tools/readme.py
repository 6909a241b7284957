"""Fills the generated blocks of the README and of docs/ from the code they describe.

    python -m tools.readme            write them
    python -m tools.readme --check    say which are out of date, and exit with 1

A block stands between ``<!-- begin:NAME -->`` and ``<!-- end:NAME -->``.
"""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import plugins
from gate.cli import COMMANDS
from gate.decide import RULES
from gate.model import Outcome
from gate.outgoing import places
from gate.policy.schema import docstrings
from gate.policy.values import format_duration
from gate.ports import About
from tools import action_tables, service_tables

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/sources.md", "docs/actions.md", "docs/api.md", "docs/github.md")

_HEADS = {"channel": "what is heard", "stored": "what is stored"}
MEANINGS = {
    Outcome.PASS: "the window closed without evidence of harm, with enough mentions",
    Outcome.FAIL: "a rule found harm",
    Outcome.INCONCLUSIVE: "the window closed, but too few mentions, or a required source was not complete",
    Outcome.ERROR: "the evidence could not be gathered",
    Outcome.WAITING: "the window is open (only from commands that do not wait)",
}


def exit_codes() -> str:
    """Table of outcomes and exit codes."""
    rows = [f"| {outcome.name} | {MEANINGS[outcome]} | {outcome.exit_code} |" for outcome in Outcome]
    others = [
        "| – | the gate itself broke (a bug) | 1 |",
        "| – | wrong usage, or a fault in the policy | 2 |",
        "| – | stopped by Ctrl-C or SIGTERM; recorded as cancelled | 130, 143 |",
    ]
    return "\n".join(["| Outcome | means | exit code |", "|---|---|---|", *rows, *others])


def commands() -> str:
    """Table of commands."""
    rows = [f"| `gate {name}` | {what} |" for name, what in COMMANDS.items()]
    return "\n".join(["| Command | what |", "|---|---|", *rows])


def sources() -> str:
    """Each source with its options."""
    return "\n\n".join(_plug(name, plugins.load("sources", name)) for name in plugins.names("sources"))


def source_types() -> str:
    """Table of what each source hears."""
    names = plugins.names("sources")
    rows = [f"| `{name}` | {_cell(plugins.load('sources', name).ABOUT.channel)} |" for name in names]
    return "\n".join(["| type | what is heard |", "|---|---|", *rows])


def channels() -> str:
    """Table of the facts about each source."""
    names = plugins.names("sources")
    facts = [each.name for each in fields(About)]
    heads = ["type", *(_HEADS.get(name, name) for name in facts)]
    rows = [
        [f"`{name}`", *(_cell(getattr(plugins.load("sources", name).ABOUT, fact)) for fact in facts)] for name in names
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])


def scorers() -> str:
    """Each scorer with its options."""
    return "\n\n".join(_plug(name, plugins.load("scorers", name)) for name in plugins.names("scorers"))


def actions() -> str:
    """Each action with its options."""
    return "\n\n".join(_plug(name, plugins.load("actions", name)) for name in plugins.names("actions"))


def facts() -> str:
    """Table of the places that an action's options may have."""
    rows = [f"| `{{{name}}}` | {_cell(what)} |" for name, what in places.PLACES.items()]
    return "\n".join(["| place | is filled with |", "|---|---|", *rows])


def rules() -> str:
    """Each rule with its options."""
    return "\n\n".join(
        f"**`{name}`**: {_first(options.__doc__)}\n\n{_options(options)}" for name, options in sorted(RULES.items())
    )


def _plug(name: str, module: Any) -> str:  # noqa: ANN401 - any plug
    return f"**`{name}`**: {_first(module.__doc__)}\n\n{_options(module.Options)}"


def _options(cls: type[Any]) -> str:
    if not fields(cls):
        return "No options."
    said = docstrings(cls)
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__annotations__", {})}
    # What an action has in common with others comes after what is its own.
    shown = sorted(fields(cls), key=lambda each: each.name in inherited)
    rows = [f"| `{each.name}` | {_default(each)} | {_cell(said.get(each.name, ''))} |" for each in shown]
    return "\n".join(["| Option | default | what |", "|---|---|---|", *rows])


def _default(field: Any) -> str:  # noqa: ANN401 - dataclasses.Field
    if field.default is MISSING and field.default_factory is MISSING:
        return "required"
    value = field.default if field.default is not MISSING else field.default_factory()
    if is_dataclass(value):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        return "`{" + ", ".join(f"{key}: {part}" for key, part in parts.items() if part is not None) + "}`"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "–" if value is None or value in ((), {}, "") else f"`{value}`"


def _first(text: str | None) -> str:
    paragraph = (text or "").strip().split("\n\n")[0]
    words = " ".join(paragraph.split()).replace("``", "`")
    return re.sub(r"^(Source|Scorer|Rule|Action) `[\w-]+`: ", "", words)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


BLOCKS: dict[str, Callable[[], str]] = {
    "exit-codes": exit_codes,
    "commands": commands,
    "source-types": source_types,
    "sources": sources,
    "channels": channels,
    "scorers": scorers,
    "rules": rules,
    "actions": actions,
    "places": facts,
    "endpoints": service_tables.endpoints,
    "settings": service_tables.settings,
    "action-inputs": action_tables.inputs,
    "action-outputs": action_tables.outputs,
}


def filled(text: str) -> str:
    """Return the page with every known block made anew."""

    def fill(found: re.Match[str]) -> str:
        block = BLOCKS.get(found["name"])
        return found[0] if block is None else f"{found['begin']}\n{block()}\n{found['end']}"

    pattern = r"(?P<begin><!-- begin:(?P<name>[\w-]+) -->)\n.*?(?P<end><!-- end:(?P=name) -->)"
    return re.sub(pattern, fill, text, flags=re.DOTALL)


def main() -> int:
    """Write or check all pages."""
    stale = []
    for name in PAGES:
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        made = filled(text)
        if made != text:
            stale.append(name)
            if "--check" not in sys.argv:
                page.write_text(made, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"out of date: {', '.join(stale)}; run python -m tools.readme", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
