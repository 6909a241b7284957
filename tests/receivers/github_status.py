"""Statuses of a deployment."""

from __future__ import annotations

from gate.actions.github_status import Options
from tests.actions.conformance import Receiver
from tests.receivers.github import GitHubSide

RECEIVER = Receiver(
    options=lambda url: Options(deployment="5", base_url=url),
    serve=lambda clock: GitHubSide(
        clock, {"deployments": "write"}, "/statuses", lambda hub: sum(map(len, hub.repository.statuses.values()))
    ),
)
