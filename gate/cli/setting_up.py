"""What ``gate setup`` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from gate.cli.files import write
from gate.cli.terminal import say, show
from gate.clock import SystemClock
from gate.errors import UsageFault
from gate.policy import resolve_secret
from gate.report import safe
from gate.setup.github_app import WEBHOOK_SECRET, clicks, manifest
from gate.setup.github_check import Asked
from gate.setup.github_check import check as ask
from gate.setup.github_delivery import ping
from gate.setup.github_workflow import PATH, workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from gate.model import Check
    from gate.setup.github_app import Plan

MANIFEST = "github-app.json"
NOT_WELL = 12
EXAMPLE = "--service https://gate.example.com --repository acme/app"


Planned = TypeVar("Planned")


def planned(make: Callable[[], Planned], example: str = EXAMPLE) -> Planned:
    """Return the plan.

    Args:
        make: it.
        example: of what must be given.

    Raises:
        UsageFault: with everything that is wrong in it.
    """
    try:
        return make()
    except ValueError as fault:
        message = "; ".join(map(str, fault.args))
        raise UsageFault(message, hint=f"e.g. {example}") from fault


def write_all(plan: Plan, folder: Path, *, organisation: bool, force: bool) -> None:
    """Write manifest and workflow, and say what is left to click.

    Raises:
        UsageFault: a file is there already, or cannot be written.
    """
    files = {folder / MANIFEST: manifest(plan), folder / PATH: workflow(plan)}
    there = [str(file) for file in files if file.exists()]
    if there and not force:
        message = f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} there already"
        raise UsageFault(message, hint="edit what is there, or add --force to write over it")
    for file, text in files.items():
        write(file, text)
        say(f"Wrote {file}.")
    steps(clicks(plan, organisation=organisation))


def steps(left: Iterable[str]) -> None:
    """Say what is left for a person."""
    for number, step in enumerate(left, 1):
        first, *more = step.split("\n")
        say("\n".join(["", f"{number}. {first}", *(f"   {line}" for line in more)]))


def check(repository: str, environment: str, app_id: str, policy: str, api: str, environ: Mapping[str, str]) -> None:
    """Ask GitHub how the App is installed, and exit with 12 if that is not as it must be.

    Raises:
        UsageFault: it is not said which App, or where.
    """
    if not (repository and app_id):
        message = "--check needs --repository and --app-id"
        raise UsageFault(message, hint="the App ID stands on the App's page")
    asked = Asked(
        repository=repository,
        environment=environment,
        app_id=app_id,
        policy=policy,
        base_url=api,
        secret=lambda reference: resolve_secret(reference, environ),
        clock=SystemClock(),
    )
    tell(ask(asked))


def deliver(url: str, environ: Mapping[str, str]) -> None:
    """Send a test delivery, and exit with 12 if it was not taken.

    Raises:
        SourceRefused: there is no secret to sign with.
    """
    tell([ping(url, resolve_secret(f"${{{WEBHOOK_SECRET}}}", environ))])


def tell(checks: Iterable[Check]) -> None:
    """Show what was found, and exit with 12 if something is not well."""
    well = True
    for each in checks:
        well = well and each.ok
        show(f"{'ok  ' if each.ok else 'FAIL'}  {safe.terminal(f'{each.what}: {each.detail}')}")
        if not each.ok:
            say(f"      next: {each.fix}")
    sys.exit(0 if well else NOT_WELL)
