"""Issues, and comments on them."""

from __future__ import annotations

from gate.actions.github_issue import Options
from tests.actions.conformance import Receiver
from tests.receivers.github import GitHubSide

RECEIVER = Receiver(
    options=lambda url: Options(base_url=url),
    serve=lambda clock: GitHubSide(
        clock,
        {"issues": "write"},
        "/issues",
        lambda hub: sum(1 + len(each.comments) for each in hub.repository.issues.all),
    ),
)
