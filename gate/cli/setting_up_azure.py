"""What ``gate setup azure`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.cli.files import write
from gate.cli.setting_up import planned, steps, tell
from gate.cli.terminal import say
from gate.clock import SystemClock
from gate.errors import UsageFault
from gate.policy import resolve_secret
from gate.setup import azure_form, azure_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gate.setup.azure_form import Plan

HEADERS = "azure-check-headers.json"
TOKEN = "${GATE_TOKEN}"  # noqa: S105 - the name of a variable


def write_all(make: Callable[[], Plan], folder: Path, *, force: bool) -> None:
    """Write the headers, and say what is left to fill in.

    Raises:
        UsageFault: the file is there already, or cannot be written; or the plan cannot work.
    """
    plan = planned(
        make, "--service https://gate.example.com --organization https://dev.azure.com/acme --policy-name app"
    )
    file = folder / HEADERS
    if file.exists() and not force:
        message = f"{file} is there already"
        raise UsageFault(message, hint="edit what is there, or add --force to write over it")
    write(file, azure_form.pasted(plan))
    say(f"Wrote {file}.")
    steps(azure_form.clicks(plan, str(file)))


def ask(make: Callable[[], Plan], environ: Mapping[str, str], *, send: bool) -> None:
    """Ask the service, and exit with 12 if something is not well.

    Raises:
        SourceRefused: there is no token to ask with.
        UsageFault: it is not said which service.
    """
    plan = planned(make, "--check takes --service, --organization and --policy-name")
    asked = azure_probe.Asked(
        service=plan.service,
        organization=plan.organization,
        policy=plan.policy,
        token=resolve_secret(TOKEN, environ),
        secret=lambda reference: resolve_secret(reference, environ),
        clock=SystemClock(),
        called_back=not plan.synchronous,
    )
    tell(azure_probe.send(asked) if send else azure_probe.check(asked))
