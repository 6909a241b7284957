"""Actions of ``gate check`` as a pipeline sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.store import Store
from tests.cli.commands import DEPLOY, POLICY, environment, gate, history, line, project
from tests.servers.github import GitHub
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASKS = """\
actions:
  fail:
    - {{type: github-dispatch, workflow: rollback.yml, inputs: {{release: "{{release}}"}}, base_url: "{url}"}}
    - {{type: github-issue, quote: true, base_url: "{url}"}}
"""
MAY = {"actions": "write", "issues": "write"}
STEP = timedelta(milliseconds=50)


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """GitHub, with the workflow."""
    with GitHub(SystemClock()) as running:
        running.app.permissions = dict(MAY)
        running.repository.workflows = {"rollback.yml": {"gate-run-id", "release"}}
        yield running


def asking(folder: Path, hub: GitHub, bad: float = 0.9) -> Path:
    """Lay out a release that fails, and a policy that asks for actions then."""
    return project(folder, history(bad), POLICY + ASKS.format(url=hub.url))


def command(*words: str) -> list[str]:
    """Return the command on a deploy in the past."""
    return [sys.executable, "-m", "gate", "check", "--deployed-at", DEPLOY.isoformat(), *words]


def check(folder: Path, hub: GitHub, *words: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``gate check`` as a job of GitHub Actions does."""
    token = hub.app.issue(MAY) if token is None else token
    known = {"GITHUB_TOKEN": token, "GITHUB_REPOSITORY": "acme/app", "GITHUB_SHA": "f" * 40}
    return subprocess.run(
        command(*words), cwd=folder, env={**environment(folder), **known}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_a_release_that_fails_is_rolled_back(tmp_path: Path, hub: GitHub) -> None:
    """The workflow is started and the issue opened, once; report, JSON and log say so, and the exit code is the verdict's."""
    folder = asking(tmp_path, hub)
    done = check(folder, hub)
    assert done.returncode == 10, done.stderr
    (sent,) = hub.repository.dispatched
    run_id = sent["inputs"]["gate-run-id"].rpartition(".")[0].rpartition(".")[0]
    assert sent["inputs"]["release"] == "Brimly"
    (issue,) = hub.repository.issues.all
    assert "FAIL" in issue.body
    assert "✓ github-dispatch (fail): done: workflow rollback.yml of acme/app started" in done.stdout
    told = gate(folder, "log", run_id)
    assert "action github-issue (fail): done: issue opened: https://github.com/acme/app/issues/1" in told.stdout
    assert gate(folder, "log", run_id, "--verify").returncode == 0
    assert json.loads(gate(folder, "report", run_id, "--format", "json").stdout)["actions"][0]["state"] == "done"


def test_a_release_that_passes_is_left_alone(tmp_path: Path, hub: GitHub) -> None:
    """Where the policy asks for nothing, nothing is asked."""
    assert check(asking(tmp_path, hub, 0.2), hub).returncode == 0
    assert hub.requests == []


def test_a_failed_action_changes_nothing(tmp_path: Path, hub: GitHub) -> None:
    """The verdict and the exit code stand; standard error and the report say what failed and what to do."""
    done = check(asking(tmp_path, hub), hub, token="ghs_wrong")
    assert done.returncode == 10
    assert "the action github-dispatch failed, the verdict stands" in done.stderr
    assert "put a valid token into GITHUB_TOKEN" in done.stderr
    assert "Do by hand what github-dispatch could not" in done.stdout
    assert "ghs_wrong" not in done.stdout + done.stderr
    assert check(tmp_path, hub, "--json", token="").returncode == 10


def test_a_dry_run_shows_what_would_be_sent(tmp_path: Path, hub: GitHub) -> None:
    """Method, address and body of each, to the letter, with no token set; nothing is sent, and the exit code is 0."""
    folder = asking(tmp_path, hub)
    done = check(folder, hub, "--dry-run", token="")
    assert done.returncode == 0, done.stderr
    assert hub.requests == []
    assert f"POST {hub.url}/repos/acme/app/actions/workflows/rollback.yml/dispatches" in done.stdout
    assert '"release":"Brimly"' in done.stdout
    found = json.loads(check(folder, hub, "--dry-run", "--json", token="").stdout)
    would = {each["type"]: each["would_send"] for each in found["actions"]}
    assert would["github-dispatch"][0]["body"]["inputs"]["release"] == "Brimly"
    assert would["github-issue"][0]["url"] == f"{hub.url}/repos/acme/app/issues"


def test_texts_are_shown_and_not_kept(tmp_path: Path, hub: GitHub) -> None:
    """A dry run of an issue that quotes shows what people wrote; the run log, which keeps for ever, does not hold it."""
    folder = asking(tmp_path, hub)
    lines = [*history(0.9), line(5000, DEPLOY.replace(minute=1), "terrible, it ate my homework")]
    (folder / "mentions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = check(folder, hub, "--dry-run", "--keep-text", token="")
    assert "terrible, I hate it" in done.stdout
    with Store(str(folder / "gate.db"), SystemClock()) as store:
        kept = json.dumps([dict(each.data) for each in store.events(store.run("last").id)])
    assert "What users write" not in kept
    assert "I hate it" not in kept


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_amid_an_action(tmp_path: Path, hub: GitHub, number: int) -> None:
    """The verdict is there already: it is printed, its exit code stands, and what was not done is told."""
    hub.trouble("POST", "/dispatches", Reply(how="hang"))
    folder = asking(tmp_path, hub)
    env = {**environment(folder), "GITHUB_TOKEN": hub.app.issue(MAY), "GITHUB_REPOSITORY": "acme/app"}
    with subprocess.Popen(
        command(), cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        clock = SystemClock()
        while not hub.requests:
            assert running.poll() is None
            clock.wait(STEP)
        os.kill(running.pid, number)
        stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 10, stderr
    assert "FAIL" in stdout
    assert f"stopped by signal {int(number)}" in stderr
    assert "Traceback" not in stderr


def test_doctor_looks_for_the_token(tmp_path: Path, hub: GitHub) -> None:
    """A secret that an action needs and nobody set is told before the release has failed; it keeps no run back."""
    folder = asking(tmp_path, hub)
    done = gate(folder, "doctor")
    assert done.returncode == 0
    assert "warn  action github-dispatch: fail: secret GITHUB_TOKEN is not set" in done.stdout
