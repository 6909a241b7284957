"""The gate of the Azure Pipelines extension, sampled as Azure DevOps does it, against a running service."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.azure.server_task import ServerTask
from tests.service.running import POLICY, wait_for

if TYPE_CHECKING:
    from tests.azure.server_task import Answer
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
MORE = {
    # name: policy, and the file it listens to
    "few": (POLICY.replace("mentions: 20", "mentions: 500"), "good.jsonl"),
    "few-is-fine": (PROMOTING.replace("mentions: 20", "mentions: 500"), "good.jsonl"),
    "gone": (POLICY, "nowhere.jsonl"),
    "gone-is-fine": (PROMOTING, "nowhere.jsonl"),
}


@pytest.fixture(scope="module")
def policies(service: Service) -> Service:
    """The service, with policies that end inconclusive or in error."""
    for name, (text, file) in MORE.items():
        path = service.folder / "policies" / f"{name}.yml"
        path.write_text(text.format(path=service.folder / file, length="30m"))
    return service


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
        (504, "few-is-fine", "inconclusive", True),
        (505, "gone", "error", False),
        (506, "gone-is-fine", "error", True),
    ],
)
def test_a_gate_waits_and_then_says_the_same_for_ever(
    policies: Service,
    number: int,
    policy: str,
    outcome: str,
    passes: bool,  # noqa: FBT001
) -> None:
    """Samples do not pass while the run goes on; then each gives the same verdict, and all of them are of one run."""
    first, *_, last, again = sampled(policies, gate(policies, policy, number))
    assert (first.status, first.body["state"], first.passed) == (200, "running", False)
    assert (last.body["outcome"], last.passed) == (outcome, passes)
    assert again == last, "a verdict does not change because it is asked for again"
    assert last.body["reason"]
    assert last.body["page"] == f"/runs/{last.body['run']}"
    assert runs_of(policies, azure_release=str(number)) == [last.body["run"]]


def test_first_samples_at_once_start_one_run(policies: Service) -> None:
    """Without a time of the deployment each of them would begin now, and now is another time for each."""
    task = gate(policies, "long", 511, deployedAt="")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: task.execute(), range(8)))
    assert {(each.status, each.passed) for each in answers} == {(200, False)}
    assert len({each.body["run"] for each in answers}) == 1
    assert len(runs_of(policies, azure_release="511")) == 1


def test_each_attempt_and_stage_is_watched_anew(policies: Service) -> None:
    """Deployed again, to another stage, by another policy, in another project or for another phrase: another run."""
    first = gate(policies, "long", 512, deployedAt="")
    others = [
        gate(policies, "long", 512, of=RELEASE, deployedAt="", release="#acme24"),
        gate(policies, "good", 512, deployedAt=""),
        *(
            ServerTask(first.name, first.url, first.token, first.inputs, {**first.variables, name: "9"})
            for name in ("Release.AttemptNumber", "Release.EnvironmentId", "system.TeamProjectId")
        ),
    ]
    runs = [each.execute().body["run"] for each in (first, *others)]
    assert len(set(runs)) == len(runs)
    moved = ServerTask(first.name, first.url, first.token, first.inputs, {**first.variables, "system.PlanId": "9"})
    assert moved.execute().body["run"] == runs[0], "what changes from sample to sample does not count"


def test_a_person_lets_a_gate_pass(policies: Service) -> None:
    """Somebody approves a run that goes on: the next sample passes, and says who and why."""
    task = gate(policies, "long", 513, deployedAt="")
    run = task.execute().body["run"]
    policies.post(f"/v1/runs/{run}/approve", {"reason": "the complaints are about another app"})
    last = sampled(policies, task)[-1]
    assert last.passed
    assert "the complaints are about another app" in last.text


def test_jobs_that_name_the_run_share_it(policies: Service) -> None:
    """In a pipeline, each stage and attempt has a run of its own; by a name, one stage asks for that of another."""
    stages = [STAGE, {**STAGE, "system.StageName": "Production"}]
    apart = [gate(policies, "long", 0, of=stage, deployedAt="") for stage in stages]
    shared = [gate(policies, "long", 0, of=stage, deployedAt="", runName="canary-$(Build.BuildId)") for stage in stages]
    assert len({each.execute().body["run"] for each in apart}) == 2
    assert len({each.execute().body["run"] for each in shared}) == 1


def test_an_address_may_end_with_a_slash(policies: Service) -> None:
    """The address of a service connection is written by a person."""
    task = gate(policies, "long", 514, deployedAt="")
    task.url += "/"
    assert task.execute().status == 200


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"policy": "nosuch"}, "there is no policy 'nosuch'"),
        ({"policy": "../good"}, "not the name of a policy"),
        ({"policy": "$(nosuch)"}, "a variable that is not set"),
        ({"deployedAt": "$(nosuch)"}, "a variable that is not set"),
        ({"deployedAt": "yesterday"}, "no time"),
        ({"release": "#größe"}, "letters that headers cannot carry"),
    ],
)
def test_a_gate_that_is_set_up_wrong_does_not_pass(policies: Service, inputs: dict[str, str], says: str) -> None:
    """The answer, which Azure shows in the gate's log, says what is wrong; nothing is started."""
    # Not as str: requests would refuse what Azure may send.
    inputs = {name: value.encode().decode("latin-1") for name, value in inputs.items()}
    task = gate(policies, "good", 520)
    task.inputs = {**task.inputs, **inputs}
    answer = task.execute()
    assert (answer.status, answer.passed) == (422, False)
    assert says in answer.body["detail"]
    assert runs_of(policies, azure_release="520") == []


def test_without_release_and_build_nothing_is_started(policies: Service) -> None:
    """What cannot be told from other deployments would get their verdict."""
    answer = gate(policies, "good", 0, of={}, deployedAt="").execute()
    assert answer.status == 422
    assert "nothing tells this deployment from others" in answer.body["detail"]


def test_a_wrong_token_does_not_pass(policies: Service) -> None:
    """Neither does one that may only read."""
    for token, status in (("nonsense", 401), (policies.issue("azure-reader", ["read"]), 403)):
        task = gate(policies, "good", 521)
        task.token = token
        answer = task.execute()
        assert (answer.status, answer.passed) == (status, False)


def test_who_chooses_the_phrase_does_not_choose_the_policy(policies: Service) -> None:
    """A phrase taken from a branch's name may hold quotation marks; it adds no header that counts."""
    evil = gate(policies, "bad", 522, release='x","Gate-Policy":"good","Azure-Release":"1","Gate-Run":"other')
    assert sampled(policies, evil)[-1].body["outcome"] == "fail"
    assert len(runs_of(policies, azure_release="522")) == 1
    broken = gate(policies, "bad", 522, release='say "hi"')
    with pytest.raises(json.JSONDecodeError):
        broken.execute()
