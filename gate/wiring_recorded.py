"""Builds what judges recorded mentions: the parts of a run that releases have in common."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gate.backtest import BaselineFile, Setup
from gate.clock import SystemClock
from gate.decide import Decider
from gate.errors import UsageFault
from gate.policy import ByLanguage, load_text
from gate.wiring import baseline_sources, open_sources, plan_of
from gate.wiring_scorers import build_routes, build_scorer, densities_of, scorer_context

if TYPE_CHECKING:
    from datetime import datetime

    from gate.policy import Policy


def build_recorded(text: str, path: str, *, since: datetime | None = None, until: datetime | None = None) -> Setup:
    """Build what a backtest needs of a policy.

    Args:
        text: of the policy.
        path: of the policy, from whose folder other paths start.
        since: where the earliest baseline begins; only needed for a policy whose baseline is a file.
        until: where the latest ends.
    """
    policy = load_text(text, path=path)
    rules = policy.decision_rules()
    spec, context = policy.scorer, scorer_context(policy, SystemClock(), os.environ)
    several = isinstance(spec.options, ByLanguage)
    scorer = build_routes(spec, context) if several else build_scorer(spec.type, spec.options, context)
    densities = densities_of(policy.scorer.type)
    return Setup(
        partial(plan_of, replace(policy, keep_text=False)),
        lambda release, by=rules: Decider(by, release, densities),
        scorer,
        _read_baseline(policy, since, until) if since and until else None,
    )


def _read_baseline(policy: Policy, since: datetime, until: datetime) -> BaselineFile | None:
    with open_sources(policy, baseline_sources(policy), SystemClock(), os.environ) as listeners:
        return BaselineFile.read(listeners[0], since, until) if listeners else None


def check_baseline_file(policy: Policy) -> None:
    """See that the file a policy names for its baseline can be read, if it names one.

    Raises:
        UsageFault: it cannot.
    """
    with open_sources(policy, baseline_sources(policy), SystemClock(), os.environ) as listeners:
        for check in (each for listener in listeners for each in listener.source.check()):
            if not check.ok:
                message = f"the policy's baseline.file cannot be used: {check.detail}"
                raise UsageFault(message, hint=check.fix)
