"""The manifests of the examples hold what their systems know, and fit together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.integrations.schemas import faults
from tests.test_layout import ROOT

FILES = ["argo-rollouts/analysis.yml", "argo-rollouts/rollout.yml", "flagger/canary.yml", "flagger/relay.yml",
         "kubernetes/gate-job.yml"]  # fmt: skip


def documents(name: str) -> list[dict[str, Any]]:
    """Return the documents of a file."""
    return list(yaml.safe_load_all((ROOT / "examples" / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FILES)
def test_they_keep_to_their_schemas(name: str) -> None:
    """Every field is one that the system knows, of the type that it has there."""
    assert documents(name)
    for manifest in documents(name):
        assert faults(manifest) == []


def test_a_slip_is_found() -> None:
    """The check can fail: a misspelt field, a number for a text, a hook that there is none of."""
    say, canary = documents("argo-rollouts/analysis.yml")[1], documents("flagger/canary.yml")[0]
    misspelt, typed, hook = copy.deepcopy(say), copy.deepcopy(say), copy.deepcopy(canary)
    metric = misspelt["spec"]["metrics"][0]
    metric["failureCondtion"] = metric.pop("failureCondition")
    typed["spec"]["metrics"][0]["interval"] = 60
    hook["spec"]["analysis"]["webhooks"][0]["type"] = "confirm"
    for manifest, where in ((misspelt, "failureCondtion"), (typed, "interval"), (hook, "confirm")):
        assert [fault for fault in faults(manifest) if where in fault]


def test_names_fit_together() -> None:
    """A rollout names analyses that there are, with every value they need; Flagger's hooks lead to the relay."""
    templates = {each["metadata"]["name"]: each["spec"] for each in documents("argo-rollouts/analysis.yml")}
    (rollout,) = documents("argo-rollouts/rollout.yml")
    for step in rollout["spec"]["strategy"]["canary"]["steps"]:
        for named in step.get("analysis", {}).get("templates", ()):
            needed = {each["name"] for each in templates[named["templateName"]]["args"] if "valueFrom" not in each}
            assert needed == {each["name"] for each in step["analysis"]["args"]}
    (canary,) = documents("flagger/canary.yml")
    relay = {each["kind"]: each for each in documents("flagger/relay.yml")}
    service = relay["Service"]["metadata"]
    for hook in canary["spec"]["analysis"]["webhooks"]:
        assert hook["url"].startswith(f"http://{service['name']}.{service['namespace']}/v1/flagger/")
    pod = relay["Deployment"]["spec"]["template"]
    assert relay["Service"]["spec"]["selector"] == pod["metadata"]["labels"]
    assert relay["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
    (volume,) = pod["spec"]["volumes"]
    assert volume["configMap"]["name"] == relay["ConfigMap"]["metadata"]["name"]
