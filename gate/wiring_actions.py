"""Builds the actions of a policy, and says what is known of a run in the foreground from where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate import plugins
from gate.ci.azure import facts as azure
from gate.errors import ActionRefused
from gate.policy import resolve_secret
from gate.ports import ActionContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy import ActionSpec, Policy
    from gate.ports import Action, Clock
    from gate.store import Task

LABELS = {"repository": "GITHUB_REPOSITORY", "commit": "GITHUB_SHA", "ref": "GITHUB_REF_NAME"}
"""Label to the variable that GitHub Actions sets in every job."""


def build_action(
    policy: Policy, task: Task, clock: Clock, environ: Mapping[str, str], *, public_only: bool = False
) -> Action:
    """Build the action that a task stands for; with ``public_only`` it reaches no private address.

    Raises:
        ActionRefused: the policy has no such action: it is another one.
    """
    wanted = [*policy.actions.get(task.moment, ()), *policy.actions.get("any", ())]
    if task.position >= len(wanted) or wanted[task.position].type != task.type:
        message = f"the policy has no action {task.type} at that place"
        raise ActionRefused(message, hint="the policy of a run must not be changed while it runs")
    return open_action(policy, wanted[task.position], clock, environ, public_only=public_only)


def open_action(
    policy: Policy, spec: ActionSpec, clock: Clock, environ: Mapping[str, str], *, public_only: bool = False
) -> Action:
    """Build one of a policy's actions."""
    context = ActionContext(
        folder=policy.folder,
        secret=lambda reference: resolve_secret(reference, environ),
        clock=clock,
        public_only=public_only,
        environ=environ,
    )
    made: Action = plugins.load("actions", spec.type).Action(spec.options, context)
    return made


def labels_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the pipeline says of the run that it starts; nothing outside of one."""
    github = {label: environ[name] for label, name in LABELS.items() if environ.get(name)}
    return github or (azure.labels(environ) if azure.is_azure(environ) else {})


def page_of(environ: Mapping[str, str]) -> str:
    """Return the address of the pipeline's run, for links; empty outside of one."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(parts):
        return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
    return azure.page(environ) if azure.is_azure(environ) else ""
