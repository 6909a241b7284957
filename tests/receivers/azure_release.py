"""Classic releases that are deployed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.actions.azure_release import Options
from tests.actions.conformance import Receiver
from tests.receivers.azure import AzureSide

if TYPE_CHECKING:
    from tests.servers.azure_devops import AzureDevOps


def _redeployed(azure: AzureDevOps) -> int:
    return sum(len(stage.asked) for release in azure.releases.values() for stage in release.environments.values())


RECEIVER = Receiver(
    options=lambda url: Options(
        collection=f"{url}/acme", releases=f"{url}/vsrm/acme", project="Shop", definition=3, stage="production"
    ),
    serve=lambda clock: AzureSide(clock, "release", ("PATCH", "/environments/"), _redeployed),
    brings_about=True,
)
