"""Workflows that are started."""

from __future__ import annotations

from gate.actions.github_dispatch import Options
from tests.actions.conformance import Receiver
from tests.receivers.github import GitHubSide

RECEIVERS = {
    "workflow": Receiver(
        options=lambda url: Options(workflow="rollback.yml", inputs={"release": "{release}"}, base_url=url),
        serve=lambda clock: GitHubSide(
            clock, {"actions": "write"}, "/dispatches", lambda hub: len(hub.repository.dispatched)
        ),
    ),
    "event": Receiver(
        options=lambda url: Options(event="roll-back", inputs={"release": "{release}"}, base_url=url),
        serve=lambda clock: GitHubSide(
            clock, {"contents": "write"}, "/dispatches", lambda hub: len(hub.repository.events)
        ),
    ),
}
