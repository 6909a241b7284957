"""The gate of the Azure Pipelines extension, sampled as Azure DevOps does it, against a running service."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.azure.agent import Agent, commands, variables
from tests.azure.server_task import ServerTask
from tests.cli.commands import history
from tests.servers.azure_devops import AzureDevOps
from tests.servers.azure_devops_checks import variables_of
from tests.service.azure.test_life import real_service
from tests.service.running import POLICY, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.azure.server_task import Answer
    from tests.service.azure.test_life import Real
    from tests.service.running import Service

DEPLOYED = "2026-03-10 14:00:00Z"
RELEASE = {
    "system.CollectionUri": "https://dev.azure.com/acme/",
    "system.TeamProjectId": "6f0bd2e3-0c6c-4b3f-8d3c-5a3b1f5b8a11",
    "Release.EnvironmentId": "70",
    "Release.AttemptNumber": "1",
    "Release.Deployment.StartTime": DEPLOYED,
    # Other ones at each sample of a gate.
    "system.PlanId": "00000000-0000-0000-0000-00000000000a",
    "system.JobId": "00000000-0000-0000-0000-00000000000b",
}
STAGE = {
    "system.CollectionUri": "https://dev.azure.com/acme/",
    "system.TeamProjectId": "6f0bd2e3-0c6c-4b3f-8d3c-5a3b1f5b8a11",
    "Build.BuildId": "318",
    "Build.SourceVersion": "c0ffee",
    "system.StageName": "Canary",
    "system.StageAttempt": "1",
    "system.JobName": "Listen",
}
PROMOTING = POLICY.replace("inconclusive: hold, error: hold", "inconclusive: promote, error: promote")
POLICIES = {
    # name: policy, the file it listens to, and how long
    "good": (POLICY, "good", "30m"),
    "bad": (POLICY, "bad", "30m"),
    "long": (POLICY, "good", "2h"),
    "few": (POLICY.replace("mentions: 20", "mentions: 500"), "good", "30m"),
    "gone": (POLICY, "nowhere", "30m"),
    "gone-is-fine": (PROMOTING, "nowhere", "30m"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A service that answers a look-alike of Azure DevOps."""
    folder = tmp_path_factory.mktemp("service")
    with AzureDevOps() as azure, real_service(folder, azure) as running:
        for name, share in (("good", 0.2), ("bad", 0.9)):
            (folder / f"{name}.jsonl").write_text("\n".join(history(share)) + "\n")
        for name, (text, file, length) in POLICIES.items():
            (folder / "policies" / f"{name}.yml").write_text(text.format(path=folder / f"{file}.jsonl", length=length))
        yield running


@pytest.fixture(scope="module")
def service(real: Real) -> Service:
    """The service alone."""
    return real.service


def gate(service: Service, policy: str, number: int, *, of: dict[str, str] = RELEASE, **inputs: str) -> ServerTask:
    """Set a gate up for one release, as its form has it."""
    chosen = {"gateService": "connection", "policy": policy, "deployedAt": "$(Release.Deployment.StartTime)", **inputs}
    which = {"Release.ReleaseId": str(number)} if of is RELEASE else {}
    return ServerTask("SentimentGate", service.url, service.token, chosen, {**of, **which})


def sampled(service: Service, task: ServerTask) -> list[Answer]:
    """Sample until the run is over, and once more after that."""
    answers: list[Answer] = []

    def over() -> bool:
        answers.append(task.execute())
        return bool(answers[-1].body.get("final"))

    wait_for(over, service.log)
    return [*answers, task.execute()]


def runs_of(service: Service, **labels: str) -> list[str]:
    """Return the runs that have these labels."""
    query = [("label", f"{name}={value}") for name, value in labels.items()]
    return [run["id"] for run in service.get("/v1/runs", params=query).json()["runs"]]


@pytest.mark.parametrize(
    ("number", "policy", "outcome", "passes"),
    [
        (501, "good", "pass", True),
        (502, "bad", "fail", False),
        (503, "few", "inconclusive", False),
        (505, "gone", "error", False),
        (506, "gone-is-fine", "error", True),
    ],
)
def test_a_gate_waits_and_then_says_the_same_for_ever(
    service: Service,
    number: int,
    policy: str,
    outcome: str,
    passes: bool,  # noqa: FBT001
) -> None:
    """Samples do not pass while the run goes on; then each gives the same verdict, and all of them are of one run."""
    first, *_, last, again = sampled(service, gate(service, policy, number))
    assert (first.status, first.body["state"], first.passed) == (200, "running", False)
    assert (last.body["outcome"], last.passed) == (outcome, passes)
    assert again == last, "a verdict does not change because it is asked for again"
    assert last.body["reason"]
    assert last.body["page"] == f"/runs/{last.body['run']}"
    assert runs_of(service, azure_release=str(number)) == [last.body["run"]]


def test_first_samples_at_once_start_one_run(service: Service) -> None:
    """Without a time of the deployment each of them would begin now, and now is another time for each."""
    task = gate(service, "long", 511, deployedAt="")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: task.execute(), range(8)))
    assert {(each.status, each.passed) for each in answers} == {(200, False)}
    assert len({each.body["run"] for each in answers}) == 1
    assert len(runs_of(service, azure_release="511")) == 1


def test_each_attempt_and_stage_is_watched_anew(service: Service) -> None:
    """Deployed again, to another stage, by another policy, in another project or for another phrase: another run."""
    first = gate(service, "long", 512, deployedAt="")
    others = [
        gate(service, "long", 512, of=RELEASE, deployedAt="", release="#acme24"),
        gate(service, "good", 512, deployedAt=""),
        *(
            ServerTask(first.name, first.url, first.token, first.inputs, {**first.variables, name: "9"})
            for name in ("Release.AttemptNumber", "Release.EnvironmentId", "system.TeamProjectId")
        ),
    ]
    runs = [each.execute().body["run"] for each in (first, *others)]
    assert len(set(runs)) == len(runs)
    moved = ServerTask(first.name, first.url, first.token, first.inputs, {**first.variables, "system.PlanId": "9"})
    assert moved.execute().body["run"] == runs[0], "what changes from sample to sample does not count"


def test_a_person_lets_a_gate_pass(service: Service) -> None:
    """Somebody approves a run that goes on: the next sample passes, and says who and why."""
    task = gate(service, "long", 513, deployedAt="")
    run = task.execute().body["run"]
    service.post(f"/v1/runs/{run}/approve", {"reason": "the complaints are about another app"})
    last = sampled(service, task)[-1]
    assert last.passed
    assert "the complaints are about another app" in last.text


def test_jobs_that_name_the_run_share_it(service: Service) -> None:
    """In a pipeline, each stage and attempt has a run of its own; by a name, one stage asks for that of another."""
    stages = [STAGE, {**STAGE, "system.StageName": "Production"}]
    apart = [gate(service, "long", 0, of=stage, deployedAt="") for stage in stages]
    shared = [gate(service, "long", 0, of=stage, deployedAt="", runName="canary-$(Build.BuildId)") for stage in stages]
    assert len({each.execute().body["run"] for each in apart}) == 2
    assert len({each.execute().body["run"] for each in shared}) == 1


def test_an_address_may_end_with_a_slash(service: Service) -> None:
    """The address of a service connection is written by a person."""
    task = gate(service, "long", 514, deployedAt="")
    task.url += "/"
    assert task.execute().status == 200


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"policy": "nosuch"}, "no policy 'nosuch'"),
        ({"policy": "../good"}, "not the name of a policy"),
        ({"policy": "$(nosuch)"}, "a variable that is not set"),
        ({"deployedAt": "$(nosuch)"}, "a variable that is not set"),
        ({"deployedAt": "yesterday"}, "no time"),
        ({"release": "#größe"}, "letters that headers cannot carry"),
    ],
)
def test_a_gate_that_is_set_up_wrong_does_not_pass(service: Service, inputs: dict[str, str], says: str) -> None:
    """The answer, which Azure shows in the gate's log, says what is wrong; nothing is started."""
    # Not as str: requests would refuse what Azure may send.
    inputs = {name: value.encode().decode("latin-1") for name, value in inputs.items()}
    task = gate(service, "good", 520)
    task.inputs = {**task.inputs, **inputs}
    answer = task.execute()
    assert (answer.status, answer.passed) == (422, False)
    assert says in answer.body["detail"]
    assert runs_of(service, azure_release="520") == []


def test_without_release_and_build_nothing_is_started(service: Service) -> None:
    """What cannot be told from other deployments would get their verdict."""
    answer = gate(service, "good", 0, of={}, deployedAt="").execute()
    assert answer.status == 422
    assert "nothing tells this deployment from others" in answer.body["detail"]


def test_a_wrong_token_does_not_pass(service: Service) -> None:
    """Neither does one that may only read."""
    for token, status in (("nonsense", 401), (service.issue("azure-reader", ["read"]), 403)):
        task = gate(service, "good", 521)
        task.token = token
        answer = task.execute()
        assert (answer.status, answer.passed) == (status, False)


def test_who_chooses_the_phrase_does_not_choose_the_policy(service: Service) -> None:
    """A phrase taken from a branch's name may hold quotation marks; it adds no header that counts."""
    evil = gate(service, "bad", 522, release='x","Gate-Policy":"nosuch","Azure-Release":"1","Gate-Run":"other')
    assert evil.execute().status == 200
    assert len(runs_of(service, azure_release="522")) == 1
    broken = gate(service, "bad", 522, release='say "hi"')
    with pytest.raises(json.JSONDecodeError):
        broken.execute()


def test_an_agentless_job_is_called_back(real: Real) -> None:
    """The other task is answered at once; the job ends as the run does, and its log says why."""
    plan = real.azure.start_check()
    inputs = {"gateService": "connection", "policy": "bad", "deployedAt": DEPLOYED, "timeoutInMinutes": "90"}
    variables = {**variables_of(real.azure, plan), "Build.SourceVersion": "c0ffee"}
    task = ServerTask("SentimentGateWait", real.service.url, real.service.token, inputs, variables)
    answer = task.execute()
    assert (answer.status, answer.body["receipt"], answer.passed) == (200, "new", False)
    wait_for(lambda: plan.completed, real.service.log)
    assert plan.results == ["failed"]
    assert plan.shown
    (run,) = real.service.get("/v1/runs", params={"label": f"azure_plan={plan.id}"}).json()["runs"]
    assert run["labels"]["commit"] == "c0ffee"


def test_a_step_asks_the_service(real: Real, tmp_path: Path) -> None:
    """`gate start --wait` in a job with an agent tells Azure what the service found, and where to read it."""
    agent = Agent(tmp_path)
    words = ("start", "--policy-name", "bad", "--deployed-at", "2026-03-10T14:00:00Z", "--wait")
    done = subprocess.run(
        [sys.executable, "-m", "gate", *words],
        cwd=tmp_path,
        env={**real.service.environment(), **agent.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 10, done.stdout
    known = variables(done.stdout)
    assert (known["outcome"], known["decision"]) == ("fail", "halt")
    assert known["runUrl"] == f"{real.service.url}/runs/{known['run']}"
    assert [each.properties for each in commands(done.stdout) if each.name == "task.logissue"] == [{"type": "error"}]
