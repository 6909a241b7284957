"""The parts of a policy whose ``type`` says which options they have: sources, scorers, rules, actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gate import plugins
from gate.policy.fields import no_mapping, read_options
from gate.policy.sections import BY_LANGUAGE, ByLanguage, ScorerSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from gate.policy.faults import Faults
    from gate.policy.reading import Place

TAG = r"^[a-z]{2,3}$"
"""A primary language tag, as a regular expression that JSON Schema and Python read alike."""


def read_scorer(written: object, place: Place, faults: Faults) -> ScorerSpec | None:
    """Read a scorer: its name alone, or a mapping with its type and options."""
    item = {"type": written} if isinstance(written, str) else written
    if isinstance(item, dict) and item.get("type") == BY_LANGUAGE:
        options = _by_language(item, place, faults)
        return ScorerSpec(BY_LANGUAGE, options) if options else None
    found = read_plug("scorers", item, place, faults, also_known=(BY_LANGUAGE,))
    return ScorerSpec(*found) if found else None


def _by_language(item: dict[str, object], place: Place, faults: Faults) -> ByLanguage | None:
    for key in item:
        if key not in {"type", "languages", "default"}:
            faults.unknown_key((*place, key), ("type", "languages", "default"))
    written, inside = item.get("languages"), (*place, "languages")
    if not isinstance(written, dict) or not written:
        hint = "write languages: {en: vader, de: …}"
        faults.add(inside, "must name at least one language" if "languages" in item else "missing", hint)
        return None
    read: dict[str, ScorerSpec | None] = {}
    for tag, value in written.items():
        if not re.fullmatch(TAG, tag):
            faults.add((*inside, tag), "must be a primary language tag in lower case", "write en, de, pt …")
        read[tag] = _inner(value, (*inside, tag), faults)
    default = _inner(item["default"], (*place, "default"), faults) if "default" in item else None
    languages = {tag: spec for tag, spec in read.items() if spec}
    return ByLanguage(languages, default) if len(languages) == len(read) else None


def _inner(written: object, place: Place, faults: Faults) -> ScorerSpec | None:
    item = {"type": written} if isinstance(written, str) else written
    found = read_plug("scorers", item, place, faults)
    return ScorerSpec(*found) if found else None


def read_items(top: Mapping[str, object], key: str, hint: str, faults: Faults) -> tuple[object, ...]:
    """Return the items of a list that must be there and hold one at least; no items, and a fault, if it is not so."""
    written = top.get(key)
    if key not in top:
        faults.add((key,), "missing", hint)
    elif not isinstance(written, tuple):
        faults.add((key,), *(("has no value", hint) if written is None else ("must be a list", "write [{type: …}]")))
    elif not written:
        faults.add((key,), "must hold at least one", hint)
    return written if isinstance(written, tuple) else ()


def read_plug(
    kind: plugins.Kind,
    item: object,
    place: Place,
    faults: Faults,
    *,
    also: Collection[str] = (),
    also_known: Collection[str] = (),
) -> tuple[str, Any] | None:
    """Read a source, scorer or action; ``also`` are keys that somebody else reads."""

    def options_of(name: str) -> type:
        return plugins.load(kind, name).Options  # type: ignore[no-any-return]

    return read_typed(item, place, [*plugins.names(kind), *also_known], options_of, faults, also=also)


def read_typed(
    item: object,
    place: Place,
    known: Collection[str],
    find: Callable[[str], type],
    faults: Faults,
    *,
    also: Collection[str] = (),
) -> tuple[str, Any] | None:
    """Read a mapping whose ``type`` says which options it has; the options are None if any is wrong."""
    if not isinstance(item, dict):
        no_mapping(item, place, faults)
        return None
    type_ = item.get("type")
    if not isinstance(type_, str):
        faults.add(
            (*place, "type"),
            "must be text" if "type" in item else "missing",
            f"known: {', '.join(known) or 'none yet'}",
        )
        return None
    if type_ not in known:
        # A scorer may be given by its name alone; the fault then belongs to the name.
        faults.unknown_type((*place, "type") if (*place, "type") in faults.document.lines else place, type_, known)
        return None
    try:
        cls = find(type_)
    except ImportError as error:
        faults.add((*place, "type"), f"type {type_!r} cannot be loaded: {error}", "install what it needs")
        return None
    return type_, read_options(cls, item, place, faults, also=("type", *also))
