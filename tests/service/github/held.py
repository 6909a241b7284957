"""A protection rule without processes: a run log, a clock that the test owns, and a look-alike of GitHub."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from gate.runs import Runs
from gate.runs.delivering import Delivering
from gate.service.github.app import App
from gate.service.github.payload import held_by
from gate.service.github.rule import ProtectionRule
from gate.service.settings import Settings
from tests.runs.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from gate.runs import Order
    from gate.store import Event, Receipt, Store
    from tests.servers.github import GitHub
    from tests.servers.github_rules import Waiting
    from tests.servers.github_webhooks import Webhook
    from tests.support import ManualClock

POLICY = """\
version: 1
sources: [{type: file, path: unused.jsonl}]
window: {settle: 5m, length: 30m, every: 5m}
baseline: {length: 1d}
filters: {near_duplicates: keep}
"""
ON = "on: {inconclusive: hold, error: hold}\n"
PAGE = "https://gate.example"


class Broken(Runs):
    """Takes no order, for a reason nobody thought of."""

    def start(self, order: Order) -> str:
        """Break."""
        message = f"a bug in {order.key}"
        raise RuntimeError(message)


class Place:
    """One GitHub, one service, one folder of policies."""

    def __init__(self, hub: GitHub, store: Store, clock: ManualClock, folder: Path) -> None:
        """Gate all environments of the repository by the policy ``named``."""
        self.hub = hub
        self.store = store
        self.clock = clock
        self.folder = folder
        self.world = World(store, clock)
        self.environ = {"APP_KEY": hub.app.private_key}
        self.write("named", POLICY + ON)
        self.settle(policy="named")

    def write(self, name: str, text: str) -> None:
        """Hold a policy."""
        (self.folder / f"{name}.yml").write_text(text)

    def settle(self, *, policy: str = "", runs: Callable[[Store], Runs] | None = None, **settings: Any) -> None:  # noqa: ANN401
        """Begin anew with other settings, as a new process would."""
        self.settings = Settings.model_validate(
            {
                "public_url": PAGE,
                "policies": {"folder": self.folder, **settings.pop("policies", {})},
                "github": {
                    "app": {
                        "id": self.hub.app.id,
                        "private_key": "${APP_KEY}",
                        "webhook_secrets": ("${SECRET}",),
                        "api": self.hub.url,
                        "rules": ({"id": 4711, "name": "acme/app", "policy": policy, **settings},),
                    }
                },
            }
        )
        assert self.settings.github.app
        app = App(self.settings.github.app, self.clock, self.environ)
        orders = runs(self.store) if runs else self.world.runs
        self.rule = ProtectionRule(self.settings, app, self.store, orders, self.clock)
        receiver = self.world.receiver
        self.world.delivering = Delivering(self.store, self.clock, receiver, lambda _: "key", platforms=[self.rule])

    def take(self, webhook: Webhook) -> Receipt:
        """Take a webhook in, as the web server does."""
        held = held_by(webhook.body, self.hub.url)
        digest = hashlib.sha256(webhook.body).hexdigest()
        return self.store.receive_webhook(f"github:{webhook.delivery}", digest, held.model_dump(mode="json"))

    def run_of(self, waiting: Waiting, **fields: Any) -> str:  # noqa: ANN401 - any JSON
        """Take up a job that waits, and return the run."""
        webhook = self.hub.webhook(waiting, **fields)
        self.take(webhook)
        self.rule.round()
        self.rule.round()
        named = {"github_run": str(waiting.run), "environment": waiting.environment}
        return self.store.page(labels=named).lines[0].id

    def ended(self, waiting: Waiting) -> str:
        """Take it up, watch it, and tell GitHub how it ended, as far as that goes without time passing."""
        run_id = self.run_of(waiting)
        self.world.watch(run_id)
        self.world.delivering.deliver(run_id)
        return run_id

    def pass_to(self, moment: datetime) -> None:
        """Let time pass, and make a round."""
        self.clock.time = moment
        self.rule.round()

    def said(self, run_id: str) -> list[Event]:
        """Return what the log says was sent to GitHub."""
        return [event for event in self.store.events(run_id) if event.kind == "github"]
