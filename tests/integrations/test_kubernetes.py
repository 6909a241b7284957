"""examples/kubernetes: a Job that is run against a service, and what Kubernetes makes of its exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from gate.model import Outcome
from tests.cli.commands import DEPLOY
from tests.integrations.asking import HELD
from tests.integrations.told import GOES_ON, HOLDS, table
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from tests.integrations.asking import Gate
    from tests.integrations.shells import Workplace

TEXT = (ROOT / "examples/kubernetes/gate-job.yml").read_text(encoding="utf-8")


def job(**values: str) -> dict[str, Any]:
    """Return the manifest with its places filled in, as ``envsubst`` does."""
    filled = re.sub(r"\$([A-Z_]+)", lambda found: values[found[1]], TEXT)
    made: dict[str, Any] = yaml.safe_load(filled)
    return made


def made_of(manifest: dict[str, Any], code: int) -> str:
    """Return what becomes of the Job when its container exits: Complete, Failed, or again, which is another pod."""
    spec = manifest["spec"]
    assert spec["template"]["spec"]["restartPolicy"] == "Never", "a policy for failures asks for it"
    if code == 0:
        return "Complete"
    for rule in spec["podFailurePolicy"]["rules"]:
        codes = rule.get("onExitCodes")
        if codes and (code in codes["values"]) == (codes["operator"] == "In"):
            return {"FailJob": "Failed", "Count": "again", "Ignore": "again"}[rule["action"]]
    return "again" if spec["backoffLimit"] else "Failed"


def test_the_command(gate: Gate, workplace: Workplace) -> None:
    """The container follows a run to its end and exits as the gate does, and the Job ends so."""
    outcome = "fail"
    manifest = job(RELEASE=f"24-0-{outcome}", DEPLOYED_AT=DEPLOY.isoformat())
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    environ = {each["name"]: each.get("value", gate.token) for each in container["env"]}
    environ["GATE_URL"] = gate.service.url
    words = [re.sub(r"\$\((\w+)\)", lambda found: environ[found[1]], word) for word in container["args"]]
    words[words.index("checkout")] = HELD[outcome]
    ran = workplace.run([str(workplace.bin / container["command"][0]), *container["command"][1:], *words], **environ)
    said = table()["Kubernetes Job"][outcome]
    assert str(ran.returncode) == said.sign, ran.stderr
    assert (made_of(manifest, ran.returncode), said.does) == ("Failed", HOLDS)


def test_every_exit_code() -> None:
    """What the gate decided is final; where it broke or the pod was lost, another pod goes on."""
    manifest = job(RELEASE="24", DEPLOYED_AT="now")
    ends = {code: made_of(manifest, code) for code in (0, 1, 2, 130, 137, *(each.exit_code for each in Outcome))}
    assert {code for code, end in ends.items() if end == "Failed"} == {2, 10, 11, 12, 13}
    assert {code for code, end in ends.items() if end == "again"} == {1, 130, 137}
    for outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR):
        assert table()["Kubernetes Job"][outcome.value] == (str(outcome.exit_code), HOLDS)
    assert table()["Kubernetes Job"]["pass"] == ("0", GOES_ON)
