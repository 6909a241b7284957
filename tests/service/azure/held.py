"""A check without processes: a run log, a clock that the test owns, and a look-alike of Azure DevOps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from requests.structures import CaseInsensitiveDict

from gate.runs import Runs
from gate.runs.delivering import Delivering
from gate.service.azure.asked import asked_of
from gate.service.azure.check import Check
from gate.service.azure.plans import Plans
from gate.service.azure.sealing import Sealer
from gate.service.settings import Settings
from tests.runs.world import World
from tests.servers.azure_devops_checks import DEFAULT, filled, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from gate.runs import Order
    from gate.store import Receipt, Store
    from tests.servers.azure_devops import AzureDevOps
    from tests.servers.azure_devops_plans import Plan
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
KEY = "a key of thirty-two characters, or more"


class Broken(Runs):
    """Takes no order, for a reason nobody thought of."""

    def start(self, order: Order) -> str:
        """Break."""
        message = f"a bug in {order.key}"
        raise RuntimeError(message)


class Place:
    """One Azure DevOps, one service, one folder of policies."""

    def __init__(self, azure: AzureDevOps, store: Store, clock: ManualClock, folder: Path) -> None:
        """Hold the policy ``named``."""
        self.azure = azure
        self.store = store
        self.clock = clock
        self.folder = folder
        self.world = World(store, clock)
        self.environ = {"SEAL": KEY}
        self.write("named", POLICY + ON)
        self.settle()

    def write(self, name: str, text: str) -> None:
        """Hold a policy."""
        (self.folder / f"{name}.yml").write_text(text)

    def settle(self, *, runs: Callable[[Store], Runs] | None = None, keys: tuple[str, ...] = ("${SEAL}",)) -> None:
        """Begin anew, as a new process would."""
        azure = {"organizations": (self.azure.url,), "keys": keys}
        self.settings = Settings.model_validate(
            {"public_url": PAGE, "policies": {"folder": self.folder}, "azure": azure}
        )
        self.sealer = Sealer(keys, self.environ)
        orders = runs(self.store) if runs else self.world.runs
        self.check = Check(self.settings, Plans(self.clock), self.sealer, self.store, orders, self.clock)
        receiver = self.world.receiver
        self.world.delivering = Delivering(self.store, self.clock, receiver, lambda _: "key", platforms=[self.check])

    def take(self, plan: Plan, **headers: str) -> Receipt:
        """Take a check in, as the web server does."""
        known = variables_of(self.azure, plan)
        sent = {**json.loads(filled(json.dumps(DEFAULT), known)), "Gate-Policy": "named", **headers}
        asked, token = asked_of(CaseInsensitiveDict(sent), [self.azure.url], "ci")
        sealed = self.sealer.seal(token, asked.delivery)
        return self.store.receive_webhook(asked.delivery, asked.delivery, asked.model_dump(mode="json"), sealed)

    def run_of(self, plan: Plan, **headers: str) -> str:
        """Take a check up, and return the run."""
        self.take(plan, **headers)
        self.check.round()
        self.check.round()
        return self.store.page(labels={"azure_plan": plan.id}).lines[0].id

    def ended(self, plan: Plan, **headers: str) -> str:
        """Take it up, watch it, and tell Azure how it ended, as far as that goes without time passing."""
        run_id = self.run_of(plan, **headers)
        self.world.watch(run_id)
        self.world.delivering.deliver(run_id)
        return run_id

    def pass_to(self, moment: datetime) -> None:
        """Let time pass, and make a round."""
        self.clock.time = moment
        self.check.round()

    def rows(self) -> list[dict[str, Any]]:
        """Return what the database holds of checks."""
        from sqlalchemy import select

        from gate.store.webhook_tables import webhooks

        return self.store._rows(select(webhooks))  # noqa: SLF001
