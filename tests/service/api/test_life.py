"""A run over HTTP, from its order to its evidence, on a real web server, worker and database."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import requests

from gate.canonical import rfc3339
from gate.clock import SystemClock
from gate.service.settings import Settings
from gate.service.web import PROCESSES, THREADS, options, streams_of
from tests.cli.commands import DEPLOY, gate
from tests.servers.http_server import Reply, Server
from tests.service.running import POLICY, Service, wait_for

if TYPE_CHECKING:
    from pathlib import Path

STOPS_WITHIN = 30
"""Seconds, as docs/service.md has it."""
LIFE = {"deployed_at": DEPLOY.isoformat(), "labels": {"repository": "acme/app", "environment": "production"}}


def start(service: Service, policy: str, **more: object) -> str:
    """Order a run and return its id."""
    reply = service.post("/v1/runs", {"policy_name": policy, **LIFE, **more})
    assert reply.status_code == 202, reply.text
    assert reply.headers["Location"] == f"/v1/runs/{reply.json()['id']}"
    return str(reply.json()["id"])


def finished(service: Service, run_id: str) -> dict[str, object]:
    """Wait for the verdict of a run and return it."""
    wait_for(lambda: service.get(f"/v1/runs/{run_id}/verdict").json()["final"], service.log)
    found: dict[str, object] = service.get(f"/v1/runs/{run_id}/verdict").json()
    return found


@pytest.fixture(scope="module")
def bad(service: Service) -> str:
    """A run that has failed."""
    run_id = start(service, "bad")
    finished(service, run_id)
    return run_id


@pytest.fixture
def waiting(service: Service) -> str:
    """A run that goes on."""
    return start(service, "long", deployed_at=None)


def test_verdict_in_both_modes(service: Service, bad: str) -> None:
    """A failed release answers 200 with the verdict, or 412 where the verdict is asked for as the status."""
    plain = service.get(f"/v1/runs/{bad}/verdict")
    assert plain.status_code == 200
    assert (plain.json()["outcome"], plain.json()["decision"], plain.json()["exit_code"]) == ("fail", "halt", 10)
    by_status = service.get(f"/v1/runs/{bad}/verdict?status=verdict")
    assert by_status.status_code == 412
    assert by_status.json() == plain.json()


def test_good_release_is_200_by_status(service: Service) -> None:
    """A release that passed is a success for readers of the status alone."""
    run_id = start(service, "good")
    assert finished(service, run_id)["outcome"] == "pass"
    assert service.get(f"/v1/runs/{run_id}/verdict?status=verdict").status_code == 200


def test_undecided_is_no_success_by_status(service: Service, waiting: str) -> None:
    """While nothing is decided the status is 425, which no reader takes for promote, and says when to come again."""
    reply = service.get(f"/v1/runs/{waiting}/verdict?status=verdict")
    assert reply.status_code == 425
    assert int(reply.headers["Retry-After"]) > 0
    assert reply.json()["outcome"] == "waiting"


def test_run_and_list(service: Service, bad: str) -> None:
    """A run is found by its label, its outcome and its page of a list, and shows how it stood."""
    shown = service.get(f"/v1/runs/{bad}").json()
    assert shown["labels"] == LIFE["labels"]
    assert shown["glance"]["share_after"] > 0.8
    found = service.get("/v1/runs", params={"label": "environment=production", "outcome": "fail"}).json()["runs"]
    assert bad in {each["id"] for each in found}
    assert service.get("/v1/runs", params={"label": "production"}).status_code == 422
    assert service.get("/v1/runs", params={"repository": "other/app"}).json() == {"runs": [], "cursor": None}


def test_pages_of_a_list(service: Service) -> None:
    """Cursors lead through every run once, newest first."""
    started = [start(service, "good", labels={"repository": "paged/app"}) for _ in range(3)]
    seen, cursor = [], None
    while True:
        page = service.get("/v1/runs", params={"repository": "paged/app", "limit": 2, "cursor": cursor}).json()
        seen += [each["id"] for each in page["runs"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == sorted(started, reverse=True)


def test_policies_are_listed(service: Service) -> None:
    """Whoever may read is told which policies there are by name; one that is nearly so named is pointed out."""
    reader = service.issue("policy-reader", ["read"], ["acme/app"])
    listed = service.get("/v1/policies", token=reader).json()
    assert listed == {"policies": [{"name": "bad"}, {"name": "good"}, {"name": "long"}], "inline": True}
    refused = service.post("/v1/runs", {"policy_name": "goood", **LIFE})
    assert (refused.status_code, refused.json()["hint"]) == (422, "did you mean good?")


def test_key_means_one_run(service: Service) -> None:
    """An order sent again with its key is the same run; another order with that key is refused."""
    key = {"Idempotency-Key": "deploy-4711"}
    order = {"policy_name": "good", **LIFE}
    first, second = (service.post("/v1/runs", order, headers=key).json()["id"] for _ in range(2))
    assert first == second
    other = service.post("/v1/runs", {**order, "policy_name": "bad"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "urn:sentiment-gate:problem:key-reused")
    vague = service.post("/v1/runs", {"policy_name": "good"}, headers=key)
    assert vague.status_code == 422
    assert "deployed_at" in vague.json()["detail"]


def test_log_pages_and_story(service: Service, bad: str) -> None:
    """The log comes in pages that chain, and as a story for people."""
    first = service.get(f"/v1/runs/{bad}/log?limit=2").json()
    rest = service.get(f"/v1/runs/{bad}/log?after={first['next']}").json()
    events = first["events"] + rest["events"]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    assert all(one["hash"] == two["previous"] for one, two in pairwise(events))
    assert rest["head"] == events[-1]["hash"]
    assert "run started" in service.get(f"/v1/runs/{bad}/log?format=story").text


def test_stream_tells_everything_and_resumes(service: Service, bad: str) -> None:
    """The stream of a run that is over holds every event and ends; taken up in the middle it goes on there."""
    whole = service.get(f"/v1/runs/{bad}/events")
    assert whole.headers["Content-Type"] == "text/event-stream"
    names = [line.removeprefix("event: ") for line in whole.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-2:]) == ("started", ["verdict", "end"])
    assert "look" in names
    rest = service.get(f"/v1/runs/{bad}/events", headers={"Last-Event-ID": "2"})
    assert "id: 2\n" not in rest.text
    assert "id: 3\n" in rest.text
    after = service.get(f"/v1/runs/{bad}/events", headers={"Last-Event-ID": str(len(names) - 1)})
    assert after.status_code == 204


def test_stream_is_live_and_bounded(service: Service, waiting: str) -> None:
    """A stream tells of an approval as it happens; with as many open as there may be, all other requests are answered."""
    streams = [service.get(f"/v1/runs/{waiting}/events", stream=True) for _ in range(12)]
    try:
        assert {each.status_code for each in streams} == {200, 429}
        with ThreadPoolExecutor(4 * THREADS) as callers:
            asked = list(callers.map(service.get, [f"/v1/runs/{waiting}/verdict"] * 8 * THREADS))
        assert {each.status_code for each in asked} == {200}
        service.post(f"/v1/runs/{waiting}/approve", {"reason": "seen enough"})
        heard = next(each for each in streams if each.ok)
        assert any(line == b"event: approved" for line in heard.iter_lines())
    finally:
        for each in streams:
            each.close()


def test_streams_that_nobody_reads_end(service: Service, waiting: str) -> None:
    """Whoever leaves gives the place of a stream back within seconds, though nothing happens in the run."""
    path = f"/v1/runs/{waiting}/events"

    wait_for(
        lambda: len(service.get(f"/v1/runs/{waiting}/log").json()["events"]) > 1, service.log
    )  # The next is a look.
    streams = [service.get(path, stream=True) for _ in range(12)]
    assert {each.status_code for each in streams} == {200, 429}
    for each in streams:
        each.close()
    wait_for(lambda: service.get(path, stream=True).ok, service.log, 12)
    service.post(f"/v1/runs/{waiting}/cancel", {"reason": "only a test"})


def test_overrides(service: Service, waiting: str) -> None:
    """Reject ends a run with halt, under the name of the token; extending a run that is over conflicts."""
    manager = service.issue("release-manager", ["override"])
    ends = rfc3339(SystemClock().now() + timedelta(days=1))
    until = {"until": ends, "reason": "few posts"}
    extended = service.post(f"/v1/runs/{waiting}/extend", until, token=manager)
    assert extended.json()["window_to"] == ends
    rejected = service.post(f"/v1/runs/{waiting}/reject", {"reason": "orders are lost"}, token=manager)
    assert rejected.json()["decision"] == "halt"
    assert "release-manager: orders are lost" in rejected.json()["reason"]
    verdict = service.get(f"/v1/runs/{waiting}/verdict").json()
    assert (verdict["final"], verdict["exit_code"]) == (True, 10)
    assert service.post(f"/v1/runs/{waiting}/extend", until, token=manager).status_code == 409
    assert service.post(f"/v1/runs/{waiting}/approve", {"reason": " "}, token=manager).status_code == 422


def test_cancelled_run_has_no_verdict(service: Service, waiting: str) -> None:
    """A cancelled run is over, promotes nothing, and says who cancelled it."""
    service.post(f"/v1/runs/{waiting}/cancel", {"reason": "wrong place"})
    verdict = service.get(f"/v1/runs/{waiting}/verdict?status=verdict")
    assert verdict.status_code == 424
    assert (verdict.json()["code"], verdict.json()["exit_code"]) == ("cancelled", 12)
    assert "wrong place" in verdict.json()["reason"]


def test_evidence_decides_again(service: Service, bad: str, tmp_path: Path) -> None:
    """The evidence of a run replays to the same verdict, and its log is the one the service keeps."""
    reply = service.get(f"/v1/runs/{bad}/evidence")
    assert reply.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert all(name.startswith(f"{bad}/") and ".." not in name for name in archive.namelist())
        archive.extractall(tmp_path)
    assert gate(tmp_path, "replay", f"{bad}/evidence").returncode == 10
    kept = [json.loads(line)["hash"] for line in (tmp_path / bad / "log.jsonl").read_text().splitlines()]
    assert kept == [each["hash"] for each in service.get(f"/v1/runs/{bad}/log").json()["events"]]


def test_metrics(service: Service, bad: str) -> None:
    """Metrics count runs, verdicts and requests, for those who may read every run."""
    del bad
    text = service.get("/metrics").text
    assert 'gate_verdicts{decision="halt",outcome="fail"}' in text
    assert 'gate_runs{state="done"}' in text
    assert 'gate_http_requests_total{method="GET",route="/v1/runs/<run_id>/verdict",status="200"}' in text
    limited = service.issue("limited", ["read"], ["acme/app"])
    assert service.get("/metrics", token=limited).status_code == 403
    assert service.get("/metrics", token="").status_code == 401


def test_logs_name_run_request_and_caller(service: Service, bad: str) -> None:
    """Each request is a line of JSON with its id, its run and who asked; the token itself is nowhere."""
    service.get(f"/v1/runs/{bad}/verdict", headers={"X-Request-ID": "trace-me"})
    lines = [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if each.get("request") == "trace-me"]
    assert (line["run"], line["status"], line["by"]) == (bad, 200, "first-admin")
    assert service.log().count(service.token) == 1  # Shown at the first start.
    assert any(each.get("run") == bad and each.get("look") for each in lines)


@pytest.mark.parametrize("streams", [0, 1, 16, 1000])
def test_threads_beside_streams(streams: int) -> None:
    """However many streams there may be, as many threads as ever are left to all other requests."""
    settings = Settings.model_validate({"limits": {"streams": streams}})
    assert options(settings)["threads"] == THREADS + streams_of(settings)
    assert PROCESSES * streams_of(settings) >= streams


def test_stopping_in_the_middle(tmp_path: Path) -> None:
    """Told to stop amid a look at a source that hangs, with a stream open, the service goes in time and without a fault."""
    from tests.service.running import serving  # A service of its own: this one ends.

    with serving(tmp_path) as own, Server(Reply(how="hang")) as stuck:
        listening = POLICY.replace("type: file, path: {path}", f"type: rss, url: '{stuck.url}/feed'")
        (tmp_path / "policies" / "stuck.yml").write_text(listening.format(length="2h"))
        run_id = start(own, "stuck")
        wait_for(lambda: stuck.requests, own.log)
        stream = own.get(f"/v1/runs/{run_id}/events", stream=True)
        lines = stream.iter_lines()
        next(lines)
        own.process.terminate()
        assert own.process.wait(STOPS_WITHIN) == 0, own.log()
        assert "Traceback" not in own.log()
        for _ in lines:
            pass
    with pytest.raises(requests.ConnectionError):
        requests.get(own.url + "/healthz", timeout=5)
