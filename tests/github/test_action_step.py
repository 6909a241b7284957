"""The step itself, as a runner of GitHub runs it: its script, its environment, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from gate.ci.github.inputs import PREFIX
from gate.clock import SystemClock
from tests.cli.commands import DEPLOY, history, project
from tests.github.acting import Workshop, example
from tests.github.runner import Log, Runner
from tests.servers.http_server import Reply, Server
from tests.service.auth.issuer import Issuer
from tests.service.running import serving
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.http_server import Recorded
    from tests.service.running import Service

SCRIPT = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][-1]["run"]
TRUST = """\
github:
  audience: the-gate-of-the-test
  issuer: {issuer}
  repositories: [{{id: 4711, name: acme/app}}]
"""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return an action with an environment to run it in."""
    return Workshop(tmp_path_factory.mktemp("workshop"))


def step(
    workshop: Workshop, runner: Runner, inputs: Mapping[str, str], **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script of the action as a runner does, in the repository's folder."""
    given = {PREFIX + name.upper().replace("-", "_"): value for name, value in inputs.items()}
    return subprocess.run(
        [shutil.which("bash") or "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", SCRIPT],
        cwd=runner.folder,
        env={
            "PATH": f"{workshop.bin}:{os.environ['PATH']}",
            "HOME": str(runner.folder),
            "GITHUB_ACTION_PATH": str(workshop.action),
            "RUNNER_TOOL_CACHE": str(workshop.tools),
            **runner.environment(),
            **given,
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_of_the_repository_do_not_stand_in_for_ours(workshop: Workshop, tmp_path: Path) -> None:
    """A repository with a folder named gate, and a job with a PYTHONPATH, get the gate all the same."""
    runner = Runner(tmp_path)
    project(tmp_path, history(0.2))
    for name in ("gate/__init__.py", "click.py", "json.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("raise SystemExit('not the gate')\n")
    done = step(
        workshop, runner, {"deployed-at": DEPLOY.isoformat()}, PYTHONPATH=str(tmp_path), PYTHONSTARTUP="click.py"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.outputs()["decision"] == "promote"
    assert done.stderr == "", "two streams: lines could come to the runner out of order"


def test_a_machine_without_python_is_told(workshop: Workshop, tmp_path: Path) -> None:
    """An image that has bash and nothing else: an annotation with the next step, and outputs that promote nothing."""
    runner = Runner(tmp_path)
    (tmp_path / "bin").mkdir()
    done = step(workshop, runner, {}, PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    ((level, said),) = Log(done.stdout).commands
    assert (level, "actions/setup-python" in said) == ("error", True)
    assert done.stderr == ""
    assert (runner.outputs()["decision"], runner.outputs()["reason"]) == ("hold", "there is no Python")


def test_a_gate_that_cannot_be_installed_promotes_nothing(workshop: Workshop, tmp_path: Path) -> None:
    """There are outputs all the same: jobs that follow must not go by those of an attempt before."""
    runner = Runner(tmp_path)
    done = step(workshop, runner, {"python": "/nowhere/python"})
    assert done.returncode == 1
    assert "there is no /nowhere/python" in done.stderr
    outputs = runner.outputs()
    assert (outputs["outcome"], outputs["decision"], outputs["code"]) == ("error", "hold", "not_installed")


def test_inputs_are_words(workshop: Workshop, tmp_path: Path) -> None:
    """What would be a script inside of `run` is text."""
    runner = Runner(tmp_path)
    project(tmp_path, history(0.2))
    evil = '$(touch evil) `touch evil`"; touch evil; "'
    done = step(workshop, runner, {"release": evil, "deployed-at": DEPLOY.isoformat(), "stream": "--help"})
    assert done.returncode == 11, done.stdout
    assert not (tmp_path / "evil").exists()


def test_an_input_that_is_wrong_is_an_annotation(workshop: Workshop, tmp_path: Path) -> None:
    """The step fails with 2, says what to write, shows no token, and its outputs promote nothing."""
    runner = Runner(tmp_path)
    asked = {"service": "https://gate.example.com", "token": "very-secret", "deployed-at": "yesterday"}
    done = step(workshop, runner, asked)
    assert done.returncode == 2
    (mask, (level, said)) = Log(done.stdout).commands
    assert mask == ("add-mask", "very-secret")
    assert done.stdout.count("very-secret") == 1
    assert level == "error"
    assert "'yesterday' is no time" in said
    assert (runner.outputs()["outcome"], runner.outputs()["decision"]) == ("error", "hold")


@dataclass(frozen=True, slots=True)
class Trusted:
    """A real service, and GitHub's part in letting a job in."""

    service: Service
    identity: Mapping[str, str]
    """What a runner gives a job with ``id-token: write``."""


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusted]:
    """Start a service that trusts the workflows of one repository; no secret is stored with them."""
    issuer = Issuer(Server())
    claims = {
        "iss": issuer.url, "sub": "repo:acme/app:ref:refs/heads/main", "repository_id": "4711", "repository": "acme/app",
        "ref": "refs/heads/main", "actor": "kim",
    }  # fmt: skip

    def answer(request: Recorded) -> Reply:
        if request.path != "/id-token":
            return issuer.answer(request)
        now = now_in_seconds()
        given = {**claims, "aud": request.query["audience"], "iat": now, "nbf": now, "exp": now + 300}
        return Reply.of({"value": issuer.sign(given)})

    issuer.server.answer = answer
    with issuer.server, serving(tmp_path_factory.mktemp("service"), TRUST.format(issuer=issuer.url)) as service:
        identity = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/id-token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "b"}
        yield Trusted(service, identity)


def test_a_service_is_asked_by_identity(workshop: Workshop, trusted: Trusted, tmp_path: Path) -> None:
    """A job that GitHub vouches for starts a run on a real service, with no stored secret, and gets its verdict."""
    runner, service, identity = Runner(tmp_path / "job"), trusted.service, trusted.identity
    asked = {"service": service.url, "audience": "the-gate-of-the-test", "policy-name": "bad",
             "deployed-at": DEPLOY.isoformat(), "labels": "tier=paid", "timeout": "1m"}  # fmt: skip
    done = step(workshop, runner, asked, **identity)
    assert done.returncode == 10, done.stdout
    outputs = runner.outputs()
    assert (outputs["outcome"], outputs["decision"]) == ("fail", "halt")
    assert outputs["run-url"] == f"{service.url}/runs/{outputs['run']}"
    assert float(outputs["share-after"]) > 0.8
    summary = runner.summary.read_text(encoding="utf-8")
    assert "FAIL → halt the rollout" in summary
    assert f"]({'<' + outputs['run-url'] + '>'})" in summary
    told = service.get(f"/v1/runs/{outputs['run']}").json()
    expected = {"tier": "paid", "commit": "c0ffee", "ref": "v1.2.0", "repository": "acme/app"}
    assert {**told["labels"], **expected} == told["labels"]
    assert [name for name, _ in Log(done.stdout).commands] == ["add-mask", "error"]

    started = Runner(tmp_path / "other")
    done = step(workshop, started, {**asked, "policy-name": "long", "wait": "false", "timeout": ""}, **identity)
    assert done.returncode == 0, done.stdout
    assert (started.outputs()["outcome"], started.outputs()["decision"]) == ("waiting", "hold")

    refused = Runner(tmp_path / "refused")
    done = step(workshop, refused, {**asked, "audience": "somebody-else"}, **identity)
    assert done.returncode == 2, done.stdout
    assert "the service refused" in refused.outputs()["reason"]


def test_a_workflow_with_a_service(workshop: Workshop, trusted: Trusted, tmp_path: Path) -> None:
    """The example with a service, from the first job to the last: rolled back, with the address of the run."""
    text = example("service.yml").replace("policy-name: checkout", "policy-name: bad")
    text = text.replace("timeout: 70m", "timeout: 1m\n          audience: the-gate-of-the-test")
    repository = workshop.project(tmp_path, {"release.yml": text}, {})
    variables = [f"--env={name}={value}" for name, value in trusted.identity.items()]
    ran = workshop.act(repository, f"--var=GATE_URL={trusted.service.url}", *variables)
    assert ran.code != 0
    assert ran.record[0] == "deploy canary main", ran.log
    assert [said.rpartition("/")[0] for said in ran.record[1:]] == [f"rollback canary {trusted.service.url}/runs"], (
        ran.log
    )


def now_in_seconds() -> int:
    """Return the time as tokens have it."""
    return int(SystemClock().now().timestamp())
