"""How systems reach the service: by the address that examples have, as if a name server knew it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import requests

from tests.cli.commands import DEPLOY
from tests.service.running import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.service.running import Service

PUBLIC = "https://gate.example"
ORGANIZATION = "https://dev.azure.com/acme"
HELD = {"fail": "bad", "pass": "good", "inconclusive": "silent"}
"""Policy on which a run ends like that."""


class Gate:
    """A service, as others see it."""

    def __init__(self, service: Service) -> None:
        """Take one that runs."""
        self.service = service
        self.token = service.issue("consumer", ["read", "run"])
        self.away = 0
        """So many requests to come find nobody there."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> requests.Response:
        """Send a request to the public address.

        Raises:
            requests.ConnectionError: nobody is there.
        """
        assert url.startswith(PUBLIC + "/"), url
        if self.away > 0:
            self.away -= 1
            raise requests.ConnectionError
        where = self.service.url + url.removeprefix(PUBLIC)
        return requests.request(method, where, headers=dict(headers), data=body, timeout=10, allow_redirects=False)

    def newest(self, **labels: str) -> str:
        """Return the id of the newest run with these labels."""
        asked = {"label": [f"{name}={value}" for name, value in labels.items()], "limit": 5}
        runs = self.service.get("/v1/runs", params=asked).json()["runs"]
        return str(max(runs, key=lambda run: datetime.fromisoformat(run["created_at"]))["id"])

    def decide(self, run_id: str, answer: str) -> None:
        """Have a person end a run: promote, halt, or neither."""
        how = {"promote": "approve", "halt": "reject", "hold": "cancel"}[answer]
        reply = self.service.post(f"/v1/runs/{run_id}/{how}", {"reason": "only a test"})
        assert reply.ok, reply.text

    def ended(self, outcome: str, **labels: str) -> str:
        """Have a run of what users wrote end like that, and return its id."""
        order: dict[str, Any] = {"policy_name": HELD[outcome], "deployed_at": DEPLOY.isoformat(), "labels": labels}
        run_id = str(self.service.post("/v1/runs", order).json()["id"])
        wait_for(lambda: self.service.get(f"/v1/runs/{run_id}").json()["state"] == "done", self.service.log)
        assert self.service.get(f"/v1/runs/{run_id}").json()["outcome"] == outcome
        return run_id
