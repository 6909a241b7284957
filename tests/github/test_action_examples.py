"""The examples, run from the first job to the last: what is promoted, what is rolled back, what waits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from gate.setup.github_app import Plan
from gate.setup.github_workflow import workflow
from tests.cli.commands import BAD, DEPLOY, history, line
from tests.github.acting import Workshop, commit, example, files, git
from tests.hostile import HOSTILE
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="act needs git")

OUTPUTS = set(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["outputs"])
GOOD_ONE, BAD_ONE, SILENT_ONE = history(0.2), history(0.9), history()[:140]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return what all of them need."""
    return Workshop(tmp_path_factory.mktemp("workshop"))


READER = """
  reader:
    needs: gate
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo "read $OUTCOME $DECISION" >> "$RECORD"
        env:
          OUTCOME: ${{ needs.gate.outputs.outcome }}
          DECISION: ${{ needs.gate.outputs.decision }}
"""
"""A job that goes by the outputs, whether the gate's job is green or red."""


@pytest.mark.parametrize(
    ("lines", "outputs", "happens"),
    [
        (
            GOOD_ONE,
            ("pass", "promote"),
            ["uploaded gate evidence", "uploaded gate sentiment-gate-", "deploy production main"],
        ),
        (BAD_ONE, ("fail", "halt"), ["uploaded gate evidence", "uploaded gate sentiment-gate-", "rollback canary "]),
        (SILENT_ONE, ("inconclusive", "hold"), ["uploaded gate evidence", "uploaded gate sentiment-gate-"]),
    ],
    ids=["good", "bad", "silent"],
)
def test_canary(
    workshop: Workshop, tmp_path: Path, lines: list[str], outputs: tuple[str, str], happens: list[str]
) -> None:
    """A good release goes to production, a bad one is rolled back, and one that nobody wrote about stays where it is."""
    repository = workshop.project(tmp_path, {"release.yml": example("canary.yml") + READER}, files(lines))
    ran = workshop.act(repository)
    record = [said for said in ran.record if not said.startswith("read ")]
    assert [said.split() for said in ran.record if said not in record] == [["read", *outputs]], ran.log
    assert record[0] == "deploy canary main", ran.log
    assert [said[: len(wanted)] for said, wanted in zip(record[1:], happens, strict=True)] == happens, ran.log
    assert (ran.code == 0) == (lines is GOOD_ONE), ran.log
    if lines is BAD_ONE:
        assert "negative" in record[-1], "the rollback is told why"


def test_region_after_region(workshop: Workshop, tmp_path: Path) -> None:
    """Each region hears its own users, and one that is unhappy is rolled back; GitHub starts no other one then."""
    lines = [
        json.dumps(json.loads(said) | {"id": f"{region}{number}", "stream": region})
        for region, said_there in (("eu", GOOD_ONE), ("us", BAD_ONE))
        for number, said in enumerate(said_there)
    ]
    repository = workshop.project(tmp_path, {"release.yml": example("regions.yml")}, files(lines))
    # One of them: act starts the others all the same, as it knows no fail-fast.
    ran = workshop.act(repository, "--matrix=region:us")
    assert ran.code != 0
    assert [said[:11] for said in ran.record] == ["deploy us m", "rollback us"], ran.log
    strategy = yaml.safe_load(example("regions.yml"))["jobs"]["region"]["strategy"]
    assert (strategy["max-parallel"], strategy["fail-fast"]) == (1, True)


def test_one_gate_for_many_repositories(workshop: Workshop, tmp_path: Path) -> None:
    """Whoever calls the reusable workflow goes on by what it found.

    A bad release is tried without the caller: act ends the whole workflow when one that it calls fails.
    """
    elsewhere = re.compile(r"acme/workflows/(\S+)@\w+")
    caller = elsewhere.sub(r"./\1", example("reusable-caller.yml"))  # as act calls none from elsewhere
    workflows = {"release.yml": caller, "gate.yml": example("reusable-gate.yml")}
    ran = workshop.act(workshop.project(tmp_path, workflows, files(GOOD_ONE)))
    assert ran.code == 0, ran.log
    assert [said[:15] for said in ran.record] == ["deploy canary m", "uploaded gate e", "deploy producti"], ran.log


def test_one_gate_halts_a_bad_release(workshop: Workshop, tmp_path: Path) -> None:
    """Called with a bad release, the reusable workflow fails, keeps the evidence, and has outputs to go by."""
    workflow = {"release.yml": example("reusable-gate.yml") + READER}
    asked = {"policy": "gate.yml", "deployed-at": DEPLOY.isoformat(), "runs-on": "ubuntu-latest"}
    repository = workshop.project(tmp_path, workflow, files(BAD_ONE))
    ran = workshop.act(repository, on="workflow_call", event={"inputs": asked})
    assert ran.code != 0
    assert ran.record == ["uploaded gate evidence", "read fail halt"], ran.log


def test_services_of_a_monorepo_are_judged_side_by_side(workshop: Workshop, tmp_path: Path) -> None:
    """Those that a push changed: a bad one is rolled back and keeps no other from production."""
    laid = {
        f"services/{name}/{file}": text
        for name, lines in (("cart", BAD_ONE), ("search", GOOD_ONE), ("stable", BAD_ONE))
        for file, text in files(lines).items()
    }
    repository = workshop.project(tmp_path, {"release.yml": example("monorepo.yml")}, laid)
    before = git(repository, "rev-parse", "HEAD")
    for name in ("cart", "search"):
        (repository / "services" / name / "code.py").touch()
    commit(repository)
    ran = workshop.act(repository, event={"before": before})
    assert ran.code != 0
    acted = [said for said in ran.record if not said.startswith("uploaded")]
    assert sorted(" ".join(said.split()[:3]) for said in acted if said.startswith("deploy")) == [
        "deploy cart canary", "deploy search canary", "deploy search production",
    ], ran.log  # fmt: skip
    assert [said[:14] for said in acted if said.startswith("rollback")] == ["rollback cart "]


def test_a_first_push_of_a_monorepo_releases_all(workshop: Workshop, tmp_path: Path) -> None:
    """Where GitHub knows no commit before, as at the first push, every service is new."""
    laid = {f"services/{name}/gate.yml": "version: 1" for name in ("cart", "search")}
    repository = workshop.project(tmp_path, {"release.yml": example("monorepo.yml")}, laid)
    (checkout, changed) = yaml.safe_load(example("monorepo.yml"))["jobs"]["changed"]["steps"]
    output = tmp_path / "output"
    variables = {"BEFORE": "0" * 40, "GITHUB_SHA": git(repository, "rev-parse", "HEAD"), "GITHUB_OUTPUT": str(output)}
    bash = [shutil.which("bash") or "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", changed["run"]]
    subprocess.run(bash, cwd=repository, env={**os.environ, **variables}, check=True, capture_output=True)
    assert output.read_text() == 'services=["cart","search"]\n'
    assert checkout["with"]["fetch-depth"] == 0, "the commit before must be there, where there is one"


def test_a_protection_rule_needs_no_job(workshop: Workshop, tmp_path: Path) -> None:
    """The workflow goes from the canary to production; what holds it is the environment, which act does not know."""
    ran = workshop.act(workshop.project(tmp_path, {"release.yml": example("protection-rule.yml")}, {}))
    assert ran.code == 0, ran.log
    assert ran.record == ["deploy canary main", "deploy production main"]


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_the_workflow_that_setup_writes(workshop: Workshop, tmp_path: Path, state: str) -> None:
    """From the canary to everybody; where the gate rejects, which fails the job it holds, the release is taken back."""
    written = workflow(Plan("https://gate.example.com", "acme/app"))
    for place, script in {
        "deploy this commit to a few users": "./deploy.sh canary",
        "deploy this commit to everybody": "./deploy.sh production" if state == "approved" else "exit 1",
        "deploy the last good release again": "./rollback.sh canary",
    }.items():
        assert f'echo "TODO {place}"' in written
        written = written.replace(f'echo "TODO {place}"', script)
    repository = workshop.project(tmp_path, {"release.yml": written}, {})
    ran = workshop.act(repository, on="workflow_dispatch")
    assert (ran.code == 0) == (state == "approved"), ran.log
    assert ran.record == ["deploy canary", "deploy production" if state == "approved" else "rollback canary"], ran.log


def test_the_first_try_of_the_page(workshop: Workshop, tmp_path: Path) -> None:
    """What docs/github.md says to try first, with what `gate init --example` writes, halts the release, and says why."""
    page = (ROOT / "docs/github.md").read_text(encoding="utf-8")
    first = page.partition("## Try it")[2].partition("```yaml\n")[2].partition("```")[0]
    example_files = {
        name: (ROOT / "gate/demo" / name).read_text(encoding="utf-8") for name in ("gate.yml", "mentions.jsonl")
    }
    ran = workshop.act(workshop.project(tmp_path, {"release.yml": first}, example_files), on="workflow_dispatch")
    assert "FAIL → halt the rollout" in ran.log, ran.log
    assert "exit status 10" in ran.log, ran.log


WATCHED = """\
on: push
jobs:
  gate:
    runs-on: ubuntu-latest
    outputs:
      all: ${{ toJSON(steps.gate.outputs) }}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
      - id: gate
        uses: sentiment-gate/sentiment-gate@0000000000000000000000000000000000000000 # v0.1.0
        with: {deployed-at: "2026-03-10T14:00:00Z", keep-text: "true"}
  after:
    needs: gate
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "$OUTPUTS" > "$RECORD.json"
          env > "$RECORD.env"
        env:
          OUTPUTS: ${{ needs.gate.outputs.all }}
"""


def test_hostile_mentions_change_nothing(workshop: Workshop, tmp_path: Path) -> None:
    """Attacks in what people write leave outputs, environment and the verdict as they are without them."""
    attacks = [
        line(5000 + n, DEPLOY.replace(minute=n % 25, second=n % 60), f"{BAD} {text}", author=f"b{n}", lang="en")
        for n, (name, text) in enumerate(HOSTILE)
        if not name.startswith(("lone", "swapped", "surrogate"))
    ]
    repository = workshop.project(tmp_path, {"release.yml": WATCHED}, files([*BAD_ONE, *attacks]))
    ran = workshop.act(repository)
    assert ran.code != 0
    outputs = json.loads((tmp_path / "record.json").read_text())
    assert (outputs["outcome"], outputs["decision"], outputs["code"]) == ("fail", "halt", "share_rose")
    assert set(outputs) == OUTPUTS
    environment = (tmp_path / "record.env").read_text()
    assert not re.search("^(NODE_OPTIONS|decision)=|/evil", environment, re.MULTILINE)
    assert "What users write" in ran.log, "the attacks were not shown at all"
