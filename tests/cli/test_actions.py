"""Actions of ``gate check`` as a pipeline sees them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.clock import SystemClock
from gate.store import Store
from tests.cli.commands import DEPLOY, POLICY, environment, history, line, project
from tests.cli.in_process import Done, runner
from tests.servers.github import GitHub
from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., Done]

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


CHECK = ("check", "--deployed-at", DEPLOY.isoformat())


@pytest.fixture
def gate(tmp_path: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``gate`` as a job of GitHub Actions does."""
    known = {"GITHUB_TOKEN": hub.app.issue(MAY), "GITHUB_REPOSITORY": "acme/app", "GITHUB_SHA": "f" * 40}
    return runner(tmp_path, monkeypatch, capsys, **known)


def test_a_release_that_fails_is_rolled_back(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """The workflow is started and the issue opened, once; report, JSON and log say so, and the exit code is the verdict's."""
    asking(tmp_path, hub)
    done = gate(*CHECK)
    assert done.returncode == 10, done.stderr
    (sent,) = hub.repository.dispatched
    run_id = sent["inputs"]["gate-run-id"].rpartition(".")[0].rpartition(".")[0]
    assert sent["inputs"]["release"] == "Brimly"
    (issue,) = hub.repository.issues.all
    assert "FAIL" in issue.body
    assert "✓ github-dispatch (fail): done: workflow rollback.yml of acme/app started" in done.stdout
    told = gate("log", run_id)
    assert "action github-issue (fail): done: issue opened: https://github.com/acme/app/issues/1" in told.stdout
    assert gate("log", run_id, "--verify").returncode == 0
    assert json.loads(gate("report", run_id, "--format", "json").stdout)["actions"][0]["state"] == "done"


def test_a_release_that_passes_is_left_alone(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """Where the policy asks for nothing, nothing is asked."""
    asking(tmp_path, hub, 0.2)
    assert gate(*CHECK).returncode == 0
    assert hub.requests == []


def test_a_failed_action_changes_nothing(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """The verdict and the exit code stand; standard error and the report say what failed and what to do."""
    asking(tmp_path, hub)
    done = gate(*CHECK, GITHUB_TOKEN="ghs_wrong")
    assert done.returncode == 10
    assert "the action github-dispatch failed, the verdict stands" in done.stderr
    assert "put a valid token into GITHUB_TOKEN" in done.stderr
    assert "Do by hand what github-dispatch could not" in done.stdout
    assert "ghs_wrong" not in done.stdout + done.stderr
    assert gate(*CHECK, "--json", GITHUB_TOKEN="").returncode == 10


def test_a_dry_run_shows_what_would_be_sent(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """Method, address and body of each, to the letter, with no token set; nothing is sent, and the exit code is 0."""
    asking(tmp_path, hub)
    done = gate(*CHECK, "--dry-run", GITHUB_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert hub.requests == []
    assert f"POST {hub.url}/repos/acme/app/actions/workflows/rollback.yml/dispatches" in done.stdout
    assert '"release":"Brimly"' in done.stdout
    found = json.loads(gate(*CHECK, "--dry-run", "--json", GITHUB_TOKEN="").stdout)
    would = {each["type"]: each["would_send"] for each in found["actions"]}
    assert would["github-dispatch"][0]["body"]["inputs"]["release"] == "Brimly"
    assert would["github-issue"][0]["url"] == f"{hub.url}/repos/acme/app/issues"


def test_texts_are_shown_and_not_kept(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """A dry run of an issue that quotes shows what people wrote; the run log, which keeps for ever, does not hold it."""
    folder = asking(tmp_path, hub)
    lines = [*history(0.9), line(5000, DEPLOY.replace(minute=1), "terrible, it ate my homework")]
    (folder / "mentions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = gate(*CHECK, "--dry-run", "--keep-text", GITHUB_TOKEN="")
    assert "terrible, I hate it" in done.stdout
    with Store(str(folder / "gate.db"), SystemClock()) as store:
        kept = json.dumps([dict(each.data) for each in store.events(store.run("last").id)])
    assert "What users write" not in kept
    assert "I hate it" not in kept


def test_told_to_stop_amid_an_action(tmp_path: Path, hub: GitHub) -> None:
    """The verdict is there already: it is printed, its exit code stands, and what was not done is told."""
    hub.trouble("POST", "/dispatches", Reply(how="hang"))
    folder = asking(tmp_path, hub)
    env = {**environment(folder), "GITHUB_TOKEN": hub.app.issue(MAY), "GITHUB_REPOSITORY": "acme/app"}
    with subprocess.Popen(
        [sys.executable, "-m", "gate", *CHECK],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        clock = SystemClock()
        while not hub.requests:
            assert running.poll() is None
            clock.wait(STEP)
        running.send_signal(signal.SIGTERM)
        stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 10, stderr
    assert "FAIL" in stdout
    assert f"stopped by signal {int(signal.SIGTERM)}" in stderr
    assert "Traceback" not in stderr


def test_doctor_looks_for_the_token(tmp_path: Path, hub: GitHub, gate: Run) -> None:
    """A secret that an action needs and nobody set is told before the release has failed; it keeps no run back."""
    asking(tmp_path, hub)
    done = gate("doctor", GITHUB_TOKEN="")
    assert done.returncode == 0
    assert "warn  action github-dispatch: fail: secret GITHUB_TOKEN is empty" in done.stdout
