"""`gate serve` as operators start it, with an App of the look-alike in its settings."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.clock import SystemClock
from tests.cli.commands import BAD, GOOD, line
from tests.service.running import POLICY, Service, serving, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import requests

    from tests.servers.github import GitHub
    from tests.servers.github_rules import Waiting
    from tests.servers.github_webhooks import Webhook

SECRETS = {"HOOK_SECRET": "webhook-secret", "OLD_SECRET": "the secret before"}
APP = """\
github:
  app:
    id: 12345
    private_key: ${{APP_KEY}}
    webhook_secrets: ["${{HOOK_SECRET}}", "${{OLD_SECRET}}"]
    api: {api}
    rules:
      - {{id: 4711, name: acme/app, environments: [bad], policy: bad-now}}
      - {{id: 4711, name: acme/app, environments: [good], policy: good-now}}
      - {{id: 4711, name: acme/app, environments: [quiet], policy: quiet-now}}
      - {{id: 4711, name: acme/app, environments: [own]}}
"""
AGO = timedelta(hours=1)
"""The deploy was so long before: its window is closed when the run begins, so that nobody waits for it."""


@dataclass
class Real:
    """A service and its GitHub."""

    hub: GitHub
    service: Service
    deployed_at: datetime

    def webhook(self, waiting: Waiting, **fields: Any) -> Webhook:  # noqa: ANN401 - any JSON
        """Return what GitHub sends about a job that waits since a while."""
        plain = self.hub.webhook(waiting).payload
        made = {"created_at": f"{self.deployed_at:%Y-%m-%dT%H:%M:%SZ}"}
        return self.hub.webhook(waiting, **{"deployment": {**plain["deployment"], **made}, **fields})

    def send(self, webhook: Webhook, **headers: str) -> requests.Response:
        """Deliver it."""
        return webhook.send(f"{self.service.url}/webhooks/github", **headers)

    def answered(self, waiting: Waiting) -> str:
        """Wait for the answer and return it."""
        wait_for(lambda: waiting.reviews, self.service.log)
        return waiting.state

    def lines(self) -> list[dict[str, Any]]:
        """Return what the service has logged."""
        return [json.loads(each) for each in self.service.log().splitlines() if each.startswith("{")]

    def kill(self) -> None:
        """End every process of the service as a power cut would."""
        kill(self.service)


@contextmanager
def real_service(folder: Path, hub: GitHub, *, fresh: bool = True) -> Iterator[Real]:
    """Run one; with ``fresh`` false in a folder where one ran before."""
    marked = folder / "deployed_at"
    deployed_at = SystemClock().now().replace(microsecond=0) - AGO
    if fresh:
        marked.write_text(deployed_at.isoformat())
        write_policies(folder, deployed_at)
    deployed_at = type(deployed_at).fromisoformat(marked.read_text())
    environ = {**SECRETS, "APP_KEY": hub.app.private_key}
    with serving(folder, more=APP.format(api=hub.url), environ=environ, fresh=fresh) as service:
        yield Real(hub, service, deployed_at)


def write_policies(folder: Path, deployed_at: datetime) -> None:
    """Write what people said of a bad release, of a good one, and of one that few speak of."""
    (folder / "policies").mkdir()
    for name, share, after in (("bad", 0.9, 58), ("good", 0.2, 58), ("quiet", 0.2, 3)):
        file = folder / f"{name}-now.jsonl"
        file.write_text("\n".join(spoken(deployed_at, share, after)) + "\n")
        (folder / "policies" / f"{name}-now.yml").write_text(POLICY.format(path=file, length="30m"))


def spoken(deployed_at: datetime, share: float, after: int) -> list[str]:
    """Write a day at one mention in 10 minutes, one in five bad, then so many at two a minute."""
    before = [line(i, deployed_at - timedelta(minutes=10 * (i + 1)), BAD if i % 5 == 0 else GOOD) for i in range(140)]
    return before + [
        line(1000 + i, deployed_at + timedelta(seconds=30 * i + 5), BAD if i % 10 < 10 * share else GOOD)
        for i in range(after)
    ]


def kill(service: Service) -> None:
    """End every process of a service as a power cut would."""
    for each in [*_children(service.process.pid), service.process.pid]:
        os.kill(each, signal.SIGKILL)
    service.process.wait(20)


def _children(pid: int) -> list[int]:
    """Return the processes below one, the deepest first."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    direct = [int(each) for each in found.read_text().split()] if found.exists() else []
    return [each for child in direct for each in (*_children(child), child)]
