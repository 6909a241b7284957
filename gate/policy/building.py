"""A document → a policy: sections, plugs, and what must hold between them."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gate import plugins
from gate.decide import RULES, Minimum, On, Share
from gate.filters import Filters
from gate.model import Budget, Outcome
from gate.policy.checks import (
    check_baseline_file,
    check_comments,
    check_control,
    check_minimum,
    check_periods,
    check_required,
    check_secrets,
)
from gate.policy.faults import Faults, shown
from gate.policy.fields import field_types, no_mapping, read_options, read_value
from gate.policy.plugging import read_items, read_plug, read_scorer, read_typed
from gate.policy.sections import DEFAULT_SCORER, ActionSpec, Baseline, Policy, Window
from gate.policy.specs import SourceSpec
from gate.policy.watch import Watch, check_watch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gate.policy.reading import Document, Place

KEYS = tuple(field.name for field in dataclasses.fields(Policy) if field.name not in {"path", "text"})
MOMENTS = (*(outcome.value for outcome in Outcome if outcome.final), "any")
"""What ``actions`` can be tied to."""
NAME = r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$"

_NO_ON = (
    "missing: say what the pipeline should do when the evidence does not say; hold or halt keep the release back "
    "(fail-closed), promote lets it through (fail-open)"
)


@dataclass(frozen=True, slots=True)
class Common:
    """What every source has, whatever its type."""

    name: str = ""
    """How reports call it; the type if empty."""
    required: bool = True
    """Whether the release cannot pass while this source is incomplete."""
    budget: Budget | None = None
    """What may be spent there; once it is spent the source is incomplete. A source may have a budget of its own."""

    def __post_init__(self) -> None:
        """Refuse names that would not fit into a line of a report."""
        if not re.fullmatch(NAME, self.name):
            message = "name may hold up to 64 letters, digits, dots, dashes and underscores"
            raise ValueError(message)


COMMON = tuple(field_types(Common))
CONTROL = ("name", "budget")
"""A control source is never required: unheard, it excuses nothing."""


def build(document: Document) -> Policy:
    """Turn a document into a policy.

    Raises:
        PolicyFault: with everything that is wrong.
    """
    faults, top = Faults(document), document.value
    for key in top:
        if key not in KEYS:
            faults.unknown_key((key,), KEYS)
    _version(top, faults)
    release = _value(top, "release", str, "", faults)
    window = _section(top, "window", Window, faults)
    baseline = _section(top, "baseline", Baseline, faults)
    minimum = _section(top, "minimum", Minimum, faults)
    sources, control = _sources(top, release, faults)
    parts: dict[str, Any] = {
        "release": release,
        "window": window,
        "baseline": baseline,
        "minimum": minimum,
        "sources": sources,
        "control": control,
        "filters": _section(top, "filters", Filters, faults),
        "scorer": read_scorer(top.get("scorer", DEFAULT_SCORER), ("scorer",), faults),
        "rules": _rules(top, faults),
        "on": _on(top, faults),
        "actions": _actions(top, faults),
        "dry_run": _value(top, "dry_run", bool, False, faults),  # noqa: FBT003 - the default
        "keep_text": _value(top, "keep_text", bool, False, faults),  # noqa: FBT003
        "watch": _section(top, "watch", Watch, faults) if "watch" in top else None,
    }
    check_periods(window, baseline, faults)
    check_minimum(minimum, top.get("sources"), faults)
    check_required(sources, faults)
    check_control(control, parts["rules"], faults)
    check_baseline_file(baseline, faults)
    check_watch(parts["watch"], baseline, faults)
    check_comments(document, faults)
    check_secrets(document, faults)  # last: what is refused already needs no second fault
    faults.raise_any()
    return Policy(**parts, path=document.path, text=document.text)


def _version(top: Mapping[str, object], faults: Faults) -> None:
    if "version" not in top:
        faults.add(("version",), "missing", "write version: 1")
    elif type(top["version"]) is not int or top["version"] != 1:
        faults.add(("version",), "must be 1, the only version there is", "write version: 1")


def _value(top: Mapping[str, object], key: str, annotation: Any, default: Any, faults: Faults) -> Any:  # noqa: ANN401
    return read_value(annotation, top[key], (key,), faults) if key in top else default


def _section(top: Mapping[str, object], key: str, cls: type[Any], faults: Faults) -> Any:  # noqa: ANN401
    return read_options(cls, top.get(key, {}), (key,), faults)


def _on(top: Mapping[str, object], faults: Faults) -> On | None:
    if "on" in top:
        return read_options(On, top["on"], ("on",), faults)
    faults.add(("on",), _NO_ON, "write on: {inconclusive: hold, error: hold}")
    return None


def _sources(
    top: Mapping[str, object], release: str | None, faults: Faults
) -> tuple[tuple[SourceSpec, ...], tuple[SourceSpec, ...]]:
    """Read the sources and those of the control; no two of them have one name."""
    hint = "a gate without sources hears nothing; e.g. [{type: file, path: mentions.jsonl}]"
    read: list[tuple[Common, str, Any, Place]] = []
    for index, item in enumerate(read_items(top, "sources", hint, faults)):
        place: Place = ("sources", index)
        found = _source(item, place, COMMON, faults)
        if found and release == "" and _no_query(found[2]):
            faults.add((*place, "query"), "no query, and the policy names no release to look for",
                       "write a query here, or a release at the top")  # fmt: skip
        read += [found] if found else []
    count = len(read)
    for index, item in enumerate(read_items(top, "control", "", faults) if top.get("control", ()) != () else ()):
        place = ("control", index)
        found = _source(item, place, CONTROL, faults)
        if found and _no_query(found[2]):
            faults.add((*place, "query"), "missing: a control is heard on something else than the release",
                       "write what to look for, e.g. the brand without the release, or a competitor")  # fmt: skip
        read += [(replace(found[0], required=False), *found[1:])] if found else []
    specs = _named(read, faults)
    return specs[:count], specs[count:]


def _source(item: object, place: Place, keys: Collection[str], faults: Faults) -> tuple[Common, str, Any, Place] | None:
    found = read_plug("sources", item, place, faults, also=keys)
    if not found or not isinstance(item, dict):
        return None
    # A source that knows prices has a budget with its own defaults among its options.
    own = {field.name for field in dataclasses.fields(found[1])} if found[1] is not None else set(keys)
    common = read_options(Common, {key: item[key] for key in keys if key in item and key not in own}, place, faults)
    if common and common.budget and (why := uncounted(found[0])):
        faults.add((*place, "budget"), why, "leave it out")
    return None if common is None else (common, *found, place)


def uncounted(type_: str) -> str:
    """Return why a type of source takes no budget; empty for one that does."""
    try:
        why: str = getattr(plugins.load("sources", type_), "UNCOUNTED", "")
    except ImportError:  # What it needs is not installed, so only its name is known.
        return ""
    return why


def _no_query(options: object) -> bool:
    return options is not None and not getattr(options, "query", "no option")


def _named(read: list[tuple[Common, str, Any, Place]], faults: Faults) -> tuple[SourceSpec, ...]:
    taken = Counter(common.name for common, *_ in read if common.name)
    specs = []
    for common, type_, options, place in read:
        if taken[common.name] > 1:
            faults.add((*place, "name"), f"another source is named {shown(common.name)} too", "names must differ")
        name, number = common.name or type_, 1
        while not common.name and taken[name]:
            number += 1
            name = f"{type_}-{number}"
        if not common.name:
            taken[name] += 1
        budget = getattr(options, "budget", None) or common.budget
        specs.append(SourceSpec(type_, name, common.required, options, faults.document.line(place), budget))
    return tuple(specs)


def _rules(top: Mapping[str, object], faults: Faults) -> tuple[Any, ...]:
    if "rules" not in top:
        return (Share(),)
    written = read_items(top, "rules", "leave the key out for the default rule, share", faults)
    found = (read_typed(item, ("rules", i), sorted(RULES), RULES.__getitem__, faults) for i, item in enumerate(written))
    return tuple(each[1] for each in found if each)


def _actions(top: Mapping[str, object], faults: Faults) -> dict[str, tuple[ActionSpec, ...]]:
    written = top.get("actions", {})
    if not isinstance(written, dict):
        no_mapping(written, ("actions",), faults)
        return {}
    actions = {}
    for moment, listed in written.items():
        place: Place = ("actions", moment)
        if moment not in MOMENTS:
            faults.unknown_key(place, MOMENTS)
        elif not isinstance(listed, tuple):
            faults.add(place, "must be a list", "write [{type: …}]")
        else:
            found = (read_plug("actions", item, (*place, index), faults) for index, item in enumerate(listed))
            actions[moment] = tuple(ActionSpec(*each) for each in found if each)
    return actions
