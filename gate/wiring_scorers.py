"""Builds the scorers of a policy, or one by its name alone."""

from __future__ import annotations

import inspect
import json
import os
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from gate import plugins
from gate.clock import SystemClock
from gate.decide import ScoreDensities
from gate.errors import UsageFault
from gate.language import Route, Routes, may_be
from gate.policy import ByLanguage, resolve_secret
from gate.ports import ScorerContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy import Policy, ScorerSpec
    from gate.ports import Clock, Scorer


def build_scorer(name: str, options: object, context: ScorerContext | None = None) -> Scorer:
    """Load a scorer by the name users write.

    Without a context, paths start in the working folder and secrets come from this process's environment.

    Raises:
        ScorerFault: it cannot work as the options say.
    """
    make = plugins.load("scorers", name).Scorer
    scorer: Scorer
    if len(inspect.signature(make).parameters) == 1:
        scorer = make(options)
    else:
        default = ScorerContext(Path(), lambda reference: resolve_secret(reference, os.environ), SystemClock())
        scorer = make(options, context or default)
    return scorer


def scorer_context(
    policy: Policy, clock: Clock, environ: Mapping[str, str], *, public_only: bool = False
) -> ScorerContext:
    """Return what a policy's scorer may need from the outside."""
    return ScorerContext(policy.folder, lambda reference: resolve_secret(reference, environ), clock, public_only)


def build_routes(spec: ScorerSpec, context: ScorerContext | None = None) -> Routes:
    """Build the scorer of a policy, or each of them by language.

    Raises:
        UsageFault: a scorer does not read the language it is named for.
    """
    if not isinstance(spec.options, ByLanguage):
        return Routes(Route(spec.type, build_scorer(spec.type, spec.options, context)))
    given = spec.options
    languages = {tag: _route(inner, tag, context) for tag, inner in given.languages.items()}
    for tag, route in languages.items():
        reads = route.scorer.languages()
        if not may_be(tag, reads):
            message = f"scorer.languages.{tag}: {given.languages[tag].type} does not read {tag}"
            raise UsageFault(message, hint=f"it reads {', '.join(sorted(reads))}; name another scorer for {tag}")
    return Routes(_route(given.default, "default", context) if given.default else None, languages)


def _route(spec: ScorerSpec, place: str, context: ScorerContext | None) -> Route:
    return Route(f"{spec.type} ({place})", build_scorer(spec.type, spec.options, context))


def default_options(kind: plugins.Kind, name: str) -> object:
    """Return the options of a plug that is asked for by name alone.

    Raises:
        UsageFault: it has options that must be given.
    """
    make = plugins.load(kind, name).Options
    if required := [each.name for each in fields(make) if each.default is MISSING and each.default_factory is MISSING]:
        message = f"{name} cannot be used by its name alone: it needs {', '.join(required)}"
        raise UsageFault(message, hint="write it with its options into gate.yml")
    options: object = make()
    return options


def densities_of(scorer: str) -> ScoreDensities | None:
    """Return what the scorer's scores of negative and of other posts look like; None where it was never measured."""
    file = resources.files("gate.scorers").joinpath("data", f"{scorer}.json")
    if not file.is_file():
        return None
    known = json.loads(file.read_text(encoding="utf-8"))
    return ScoreDensities(cuts=tuple(known["cuts"]), neg=tuple(known["neg"]), non=tuple(known["non"]))
