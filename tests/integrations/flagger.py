"""Flagger as it documents itself: webhooks by POST, read by their status alone, and a canary that goes step by step.

https://docs.flagger.app/usage/webhooks and https://docs.flagger.app/usage/how-it-works; that another build restarts a
canary without confirm-rollout is in its source (fluxcd/flagger, pkg/controller/scheduler.go, hasCanaryRevisionChanged).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

YES = range(200, 203)


class Flagger:
    """A controller with one Canary."""

    def __init__(
        self, manifest: Mapping[str, Any], send: Callable[[str, Mapping[str, str], bytes], requests.Response]
    ) -> None:
        """Apply a manifest.

        Args:
            manifest: of the Canary.
            send: posts to an address with these headers, which are all that Flagger knows to send.
        """
        self._manifest = manifest
        self._analysis = manifest["spec"]["analysis"]
        self._send = send
        self.phase = "Initialized"
        self.weight = 0
        self.checksum = ""
        self.answers: list[tuple[str, int]] = []

    def deploy(self, checksum: str) -> None:
        """Change what is to be deployed; where a canary is under way it begins anew, and confirm-rollout is not asked."""
        begun = self.phase in {"Progressing", "WaitingPromotion"}
        self.checksum, self.phase, self.weight = checksum, "Progressing" if begun else "Initialized", 0

    def interval(self) -> str:
        """Let one interval pass, and return the phase."""
        if self.phase in {"Initialized", "Waiting"}:
            self.phase = "Progressing" if self._all("confirm-rollout") else "Waiting"
            return self.phase
        if self.phase not in {"Progressing", "WaitingPromotion"}:
            return self.phase
        if any(self._call(hook) for hook in self._hooks("rollback")):
            self.phase, self.weight = "Failed", 0
        elif self.weight < self._analysis["maxWeight"]:
            if self.weight == 0 and not self._all("pre-rollout"):
                return self.phase
            self.weight += self._analysis["stepWeight"]
        elif self._all("confirm-promotion"):
            self.phase, self.weight = "Succeeded", 0
        else:
            self.phase = "WaitingPromotion"
        return self.phase

    def _hooks(self, kind: str) -> list[Mapping[str, Any]]:
        return [each for each in self._analysis["webhooks"] if each.get("type", "rollout") == kind]

    def _all(self, kind: str) -> bool:
        return all(self._call(hook) for hook in self._hooks(kind))

    def _call(self, hook: Mapping[str, Any]) -> bool:
        about = self._manifest["metadata"]
        payload = {"name": about["name"], "namespace": about["namespace"], "phase": self.phase,
                   "checksum": self.checksum, "metadata": hook.get("metadata")}  # fmt: skip
        try:
            reply = self._send(hook["url"], {"Content-Type": "application/json"}, json.dumps(payload).encode())
        except requests.RequestException:
            self.answers.append((hook["type"], 0))
            return False
        self.answers.append((hook["type"], reply.status_code))
        return reply.status_code in YES
