"""Spinnaker's custom webhook stages as they are documented, and pipelines of them.

https://spinnaker.io/docs/guides/operator/custom-webhook-stages
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.integrations.asking import Gate

MOST_ASKED = 500


class Orca:
    """A configuration, and what runs pipelines with it."""

    def __init__(self, gate: Gate, configuration: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the stages that a configuration adds; variables of the environment are filled in, expressions are not."""
        text = re.sub(
            r"\$\{([A-Z_]+)\}", lambda found: environ[found[1]], json.dumps(configuration["webhook"]["preconfigured"])
        )
        self._gate = gate
        self._kinds = {each["type"]: each for each in json.loads(text) if each["enabled"]}
        self._bodies: dict[str, Any] = {}

    def run(self, pipeline: Mapping[str, Any], parameters: Mapping[str, str], judge: Callable[[], bool]) -> list[str]:
        """Run a pipeline and return what began, stage by stage.

        Args:
            pipeline: its JSON.
            parameters: it is started with.
            judge: what a person says to a manual judgment.
        """
        began: list[str] = []
        self._bodies = {}
        stopped: set[str] = set()
        for stage in pipeline["stages"]:  # Written in an order in which they may run.
            if stopped.intersection(stage["requisiteStageRefIds"]) or not self._enabled(stage):
                if stopped.intersection(stage["requisiteStageRefIds"]):
                    stopped.add(stage["refId"])
                continue
            began.append(stage["name"])
            well = judge() if stage["type"] == "manualJudgment" else True
            if stage["type"] in self._kinds:
                well = self._webhook(stage, parameters)
            if not well and not (stage.get("continuePipeline") and not stage["failPipeline"]):
                stopped.add(stage["refId"])
        return began

    def _webhook(self, stage: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
        kind = self._kinds[stage["type"]]
        values = {name: re.sub(r"\$\{parameters\.(\w+)\}", lambda found: parameters[found[1]], value)
                  for name, value in stage["parameterValues"].items()}  # fmt: skip
        assert set(values) == {each["name"] for each in kind["parameters"]}
        payload = re.sub(r"\$\{parameterValues\['(\w+)'\]\}", lambda found: values[found[1]], kind["payload"])
        headers = {name: each[0] for name, each in kind["customHeaders"].items()}
        reply = self._send(kind["method"], kind["url"], headers, payload.encode())
        if reply is None or not reply.ok:
            return False
        assert kind["statusUrlResolution"] == "webhookResponse"
        url = _at(reply.json(), kind["statusUrlJsonPath"])
        ends = dict.fromkeys(kind["successStatuses"].split(","), True)
        ends |= dict.fromkeys(kind["terminalStatuses"].split(","), False)
        for _ in range(MOST_ASKED):
            reply = self._send("GET", url, headers)
            if reply is None or reply.status_code >= 500:
                continue
            if not reply.ok:
                return False
            body = reply.json()
            status = _at(body, kind["statusJsonPath"])
            assert isinstance(status, str)
            assert isinstance(_at(body, kind["progressJsonPath"]), str)
            self._bodies[stage["name"]] = body
            if status in ends:
                return ends[status]
        return False

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Any:  # noqa: ANN401
        try:
            return self._gate.send(method, url, headers, body)
        except requests.RequestException:
            return None

    def _enabled(self, stage: Mapping[str, Any]) -> bool:
        if "stageEnabled" not in stage:
            return True
        pattern = r"\$\{#stage\('(\w+)'\)\.context\.webhook\.monitor\.body\.(\w+) (==|!=) '(\w+)'\}"
        found = re.fullmatch(pattern, stage["stageEnabled"]["expression"])
        assert found
        if found[1] not in self._bodies:  # What cannot be evaluated is not true.
            return False
        return bool((self._bodies[found[1]][found[2]] == found[4]) == (found[3] == "=="))


def _at(body: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for name in path.removeprefix("$.").split("."):
        body = body[name]
    return body
