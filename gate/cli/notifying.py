"""What ``gate notify`` does."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

from gate import policy
from gate.acting import rehearsal
from gate.cli.terminal import show
from gate.clock import SystemClock, cancellable
from gate.errors import Cancelled, GateError, UsageFault
from gate.policy.secrets import hide_secrets
from gate.report import safe
from gate.wiring_actions import open_action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gate.model import Occasion
    from gate.policy import ActionSpec, Policy
    from gate.ports import Action

TELLING = frozenset({"notify", "webhook"})
"""Types of actions that do nothing but tell."""
FAILED = 12


def rehearse(path: Path, environ: Mapping[str, str], *, test: bool, dry_run: bool) -> int:
    """Send a test by each action of a policy that tells people, and return the exit code.

    Raises:
        UsageFault: that was not asked for, or there is none.
        PolicyFault: the policy is wrong.
    """
    if not test:
        message = "notices are sent by actions, when a run ends; this command sends tests"
        raise UsageFault(message, hint="gate notify --test")
    rules = policy.load(path)
    telling = _telling(rules)
    if not telling:
        message = f"no action of {path} tells anybody anything"
        raise UsageFault(message, hint="actions: {any: [{type: notify, to: '${TEAM_CHAT}'}]}; see docs/actions.md")
    clock = SystemClock()
    occasion = rehearsal(f"test-{secrets.token_hex(4)}", rules.release, clock.now())
    failed = False
    with cancellable():
        for moments, spec in telling:
            lead = f"{spec.type} ({', '.join(moments)})"
            try:
                with closing(open_action(rules, spec, clock, environ)) as action:
                    said = _shown(action, occasion) if dry_run else action.run(occasion)
                show(f"ok    {_line(f'{lead}: {said}')}")
            except Cancelled:
                raise
            except GateError as fault:
                failed = True
                show(f"FAIL  {_line(f'{lead}: {fault.message}')}")
                show(f"      next: {_line(fault.hint)}")
    return FAILED if failed else 0


def _telling(rules: Policy) -> list[tuple[list[str], ActionSpec]]:
    """Return each that tells, once, with the moments at which it does."""
    found: list[tuple[list[str], ActionSpec]] = []
    for moment, specs in rules.actions.items():
        for spec in specs:
            if spec.type not in TELLING:
                continue
            known = next((moments for moments, each in found if each == spec), None)
            if known is None:
                found.append(([moment], spec))
            elif moment not in known:
                known.append(moment)
    return found


def _shown(action: Action, occasion: Occasion) -> str:
    return "; ".join(f"would be {each.method} {each.where} {safe.json(each.body)}" for each in action.intents(occasion))


def _line(text: str) -> str:
    return safe.terminal(hide_secrets(text))
