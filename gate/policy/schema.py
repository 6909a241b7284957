"""The JSON Schema of gate.yml, so that editors complete, check and explain it."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import textwrap
from typing import Any

from gate import plugins
from gate.decide import RULES, Minimum, On
from gate.filters import Filters
from gate.policy.building import MOMENTS, NAME, Common, uncounted
from gate.policy.fields import adapter, field_types, nested_options
from gate.policy.plugging import TAG
from gate.policy.sections import BY_LANGUAGE, Baseline, ByLanguage, Policy, Window
from gate.policy.values import plain
from gate.policy.watch import Watch

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a policy, with every plug that is installed."""
    texts = docstrings(Policy)
    sources = [_plug("sources", name, also=Common) for name in plugins.names("sources")]
    for name, source in zip(plugins.names("sources"), sources, strict=True):
        if uncounted(name):
            del source["properties"]["budget"]
    for source in sources:
        source["properties"]["name"]["pattern"] = NAME
    scorer = _scorer()
    controls = [
        {**source, "properties": {name: each for name, each in source["properties"].items() if name != "required"}}
        for source in sources
    ]
    actions = _either([_plug("actions", name) for name in plugins.names("actions")])
    return {
        "$schema": DIALECT,
        "title": "Policy of Sentiment Gate (gate.yml)",
        "type": "object",
        "properties": {
            "version": {"const": 1, "description": "Of this format."},
            "release": {"type": "string", "description": texts["release"]},
            "sources": {"type": "array", "minItems": 1, "items": _either(sources), "description": "Where users speak."},
            "control": {"type": "array", "items": _either(controls), "description": texts["control"]},
            "window": _object(Window),
            "baseline": _object(Baseline),
            "filters": _object(Filters),
            "scorer": {
                "description": "What reads the mood of a text.",
                "anyOf": [*scorer["anyOf"], _by_language(scorer)],
            },
            "rules": {
                "description": "What counts as harm; the first rule that finds it fails the release.",
                "type": "array",
                "minItems": 1,
                "items": _either([_typed(name, _object(cls)) for name, cls in sorted(RULES.items())]),
            },
            "minimum": _object(Minimum),
            "on": _object(On),
            "actions": {
                "description": "What else to do about an outcome.",
                "type": "object",
                "properties": {moment: {"type": "array", "items": actions} for moment in MOMENTS},
                "additionalProperties": False,
            },
            "dry_run": {"type": "boolean", "default": False, "description": texts["dry_run"]},
            "keep_text": {"type": "boolean", "default": False, "description": texts["keep_text"]},
            "watch": _object(Watch),
        },
        "required": ["version", "sources", "on"],
        "additionalProperties": False,
    }


def _scorer() -> dict[str, Any]:
    names = plugins.names("scorers")
    return {"anyOf": [{"enum": names}, _either([_plug("scorers", name) for name in names])]}


def _by_language(scorer: dict[str, Any]) -> dict[str, Any]:
    texts = docstrings(ByLanguage)
    languages = {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {TAG: scorer},
        "additionalProperties": False,
    }
    properties = {
        "languages": {**languages, "description": texts["languages"]},
        "default": {**scorer, "description": texts["default"]},
    }
    schema = {"type": "object", "properties": properties, "required": ["languages"], "additionalProperties": False}
    return _typed(BY_LANGUAGE, {"description": "Another scorer for each language.", **schema})


def _plug(kind: plugins.Kind, name: str, *, also: type | None = None) -> dict[str, Any]:
    common: dict[str, Any] = _object(also)["properties"] if also else {}
    try:
        schema = _object(plugins.load(kind, name).Options)
    except ImportError:  # What it needs is not installed, so only its name is known.
        schema = {"type": "object", "properties": {}, "required": []}
    schema["properties"] = {**common, **schema["properties"]}
    return _typed(name, schema)


def _typed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    properties = {"type": {"const": name}, **schema["properties"]}
    return {**schema, "properties": properties, "required": ["type", *schema["required"]]}


def _either(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    # oneOf of nothing is no valid schema; a policy cannot name what does not exist.
    return {"oneOf": schemas} if schemas else {"not": {}}


def _object(cls: type) -> dict[str, Any]:
    texts = docstrings(cls)
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        schema = _field(field_types(cls)[field.name])
        if field.default is not dataclasses.MISSING:
            schema["default"] = plain(field.default)
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
        if texts.get(field.name):
            schema["description"] = texts[field.name]
        properties[field.name] = schema
    return {
        "description": _markdown(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _field(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    inner = nested_options(annotation)
    if inner is None:
        return dict(adapter(annotation).json_schema())
    schema = _object(inner)
    return schema if annotation is inner else {"anyOf": [schema, {"type": "null"}]}


def docstrings(cls: type) -> dict[str, str]:
    """Return the text under each field of a dataclass, on one line; Python keeps it only in the source."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        found |= _docstrings(base)
    return found


def _docstrings(cls: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for before, node in itertools.pairwise(body):
        match before, node:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                found[name] = _markdown(text)
    return found


def _markdown(text: str) -> str:
    # Editors show descriptions as Markdown.
    return " ".join(text.replace("``", "`").split())
