"""Argo Rollouts as it documents itself: a canary step by step, analyses measured by the web provider.

Time does not pass here: between two measurements a test may do something instead.
https://argo-rollouts.readthedocs.io/en/stable/features/analysis/ and .../analysis/web/
"""

from __future__ import annotations

import json
import re
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.integrations.asking import Gate

ERRORS_IN_A_ROW = 4
"""``consecutiveErrorLimit`` where nothing is said."""


class Phase(StrEnum):
    """Of a measurement, a metric and an analysis."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"


WORST_FIRST = (Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE, Phase.SUCCESSFUL)


class Argo:
    """A controller with one Rollout."""

    def __init__(
        self, gate: Gate, documents: list[dict[str, Any]], between: Callable[[int], None], *, since: float = 1.8
    ) -> None:
        """Apply manifests.

        Args:
            gate: that is reached under the address in the manifests.
            documents: a Rollout and AnalysisTemplates.
            between: called after each measurement with how many there were.
            since: version of Argo Rollouts.
        """
        self._gate = gate
        self._templates = {each["metadata"]["name"]: each for each in documents if each["kind"] == "AnalysisTemplate"}
        (self._rollout,) = [each for each in documents if each["kind"] == "Rollout"]
        self._between = between
        self._since = since
        self.measured: list[Phase] = []
        self.weights: list[int] = []

    def release(self, revision: str) -> str:
        """Bring out what has this pod template hash, and return how that ends: Healthy, Degraded (aborted) or Paused."""
        for step in self._rollout["spec"]["strategy"]["canary"]["steps"]:
            if "setWeight" in step:
                self.weights.append(step["setWeight"])
            if "analysis" in step:
                given = {each["name"]: _value(each, revision) for each in step["analysis"]["args"]}
                names = [each["templateName"] for each in step["analysis"]["templates"]]
                phase = self.analyse(names, given)
                if phase in {Phase.FAILED, Phase.ERROR}:
                    self.weights.append(0)
                    return "Degraded"
                if phase is Phase.INCONCLUSIVE:
                    return "Paused"
        self.weights.append(100)
        return "Healthy"

    def analyse(self, names: list[str], given: Mapping[str, str]) -> Phase:
        """Run an analysis to its end."""
        ends = []
        for name in names:
            spec = self._templates[name]["spec"]
            wanted = {each["name"]: each.get("valueFrom") for each in spec["args"]}
            secrets = {arg: self._gate.token for arg, source in wanted.items() if source and "secretKeyRef" in source}
            args = {**{arg: given[arg] for arg in wanted if arg not in secrets}, **secrets}
            ends += [self._metric(json.loads(_filled(json.dumps(each), args))) for each in spec["metrics"]]
        return min(ends, key=WORST_FIRST.index)

    def _metric(self, metric: Mapping[str, Any]) -> Phase:
        count = metric.get("count", 1)
        seen, errors, successes = Counter[Phase](), 0, 0
        assert count == 1 or "interval" in metric
        while True:
            phase = self._measure(metric)
            self.measured.append(phase)
            seen[phase] += 1
            errors = errors + 1 if phase is Phase.ERROR else 0
            successes = successes + 1 if phase is Phase.SUCCESSFUL else 0
            if seen[Phase.FAILED] > metric.get("failureLimit", 0):
                return Phase.FAILED
            if seen[Phase.INCONCLUSIVE] > metric.get("inconclusiveLimit", 0):
                return Phase.INCONCLUSIVE
            if errors > metric.get("consecutiveErrorLimit", ERRORS_IN_A_ROW):
                return Phase.ERROR
            enough = metric.get("consecutiveSuccessLimit", 0) if self._since >= 1.8 else 0
            if enough and successes >= enough:
                return Phase.SUCCESSFUL
            if sum(seen.values()) - seen[Phase.ERROR] >= count:  # An Error is measured again, and does not count.
                return Phase.INCONCLUSIVE if enough else Phase.SUCCESSFUL
            self._between(len(self.measured))

    def _measure(self, metric: Mapping[str, Any]) -> Phase:
        web = metric["provider"]["web"]
        headers = {each["key"]: each["value"] for each in web.get("headers", ())}
        body = web["body"].encode() if "body" in web else None
        try:
            reply = self._gate.send(web.get("method", "GET"), web["url"], headers, body)
            if not 200 <= reply.status_code < 300:
                return Phase.ERROR
            result = _found(reply.json(), web["jsonPath"])
        except (requests.RequestException, LookupError, ValueError):
            return Phase.ERROR
        good, bad = metric.get("successCondition"), metric.get("failureCondition")
        if bad and _holds(bad, result):
            return Phase.FAILED
        if good and _holds(good, result):
            return Phase.SUCCESSFUL
        return Phase.INCONCLUSIVE if good and bad else Phase.FAILED


def _value(arg: Mapping[str, Any], revision: str) -> str:
    if "valueFrom" in arg:
        assert arg["valueFrom"] == {"podTemplateHashValue": "Latest"}
        return revision
    return str(arg["value"])


def _filled(text: str, args: Mapping[str, str]) -> str:
    return re.sub(r"\{\{ *args\.([\w-]+) *\}\}", lambda found: args[found[1]], text)


def _found(body: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for part in _parts(path):
        body = body[part]
    return body


def _parts(path: str) -> Iterator[str | int]:
    assert re.fullmatch(r"\{\$(\.\w+|\[\d+\])+\}", path), path
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        yield name or int(index)


def _holds(condition: str, result: object) -> bool:
    found = re.fullmatch(r'result (==|!=) "(\w*)"', condition)
    assert found, condition
    return (result == found[2]) == (found[1] == "==")
