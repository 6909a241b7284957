"""Pipelines that are run."""

from __future__ import annotations

from gate.actions.azure_run import Options
from tests.actions.conformance import Receiver
from tests.receivers.azure import AzureSide

RECEIVER = Receiver(
    options=lambda url: Options(
        collection=f"{url}/acme",
        project="Shop",
        pipeline=12,
        parameters={"release": "{release}", "reason": "{reason}"},
        run_parameter="run",
    ),
    serve=lambda clock: AzureSide(clock, "queue", ("POST", "/runs"), lambda azure: len(azure.pipelines[12].runs)),
)
