"""``gate notify --test``: does a notice arrive, before a release depends on it?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import DEPLOY, history, project
from tests.cli.commands import POLICY as CHECKED
from tests.cli.in_process import Done, runner
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., Done]

ASKS = """\
actions:
  fail:
    - {{type: command, command: [./roll-back.sh, "{{outcome}}"]}}
    - {{type: notify, to: "${{CHAT}}"}}
    - {{type: webhook, url: "{url}/hook", secret: "${{KEY}}"}}
"""
POLICY = """\
version: 1
release: "#acme24"
sources: [{{type: file, path: mentions.jsonl}}]
on: {{inconclusive: hold, error: hold}}
actions:
  fail:
    - {{type: github-dispatch, workflow: rollback.yml, repository: acme/app}}
    - {{type: command, command: [touch, "it-ran"]}}
    - {{type: notify, to: "${{CHAT}}"}}
  any:
    - {{type: notify, to: "${{CHAT}}"}}
    - {{type: webhook, url: "{url}/hook", secret: "${{KEY}}"}}
"""


@pytest.fixture
def sink() -> Iterator[Server]:
    """Take everything."""
    with Server(Reply(200)) as server:
        yield server


@pytest.fixture
def gate(tmp_path: Path, sink: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``gate`` beside a policy that tells a chat and a server."""
    (tmp_path / "gate.yml").write_text(POLICY.format(url=sink.url), encoding="utf-8")
    chat = f"{sink.url.replace('http', 'json')}/chat-secret"
    return runner(tmp_path, monkeypatch, capsys, CHAT=chat, KEY="wh-0123456789")


def test_everybody_is_told_once(tmp_path: Path, sink: Server, gate: Run) -> None:
    """Chat and server get one test each that says so, with charts; nothing is rolled back and no program is run."""
    done = gate("notify", "--test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "ok    notify (fail, any): JSON was told, with charts",
        "ok    webhook (any): 127.0.0.1 was told",
    ]
    chat, hook = [json.loads(request.body) for request in sink.requests]
    assert "This is a test" in chat["message"]
    assert (hook["code"], hook["outcome"]) == ("test", "inconclusive")
    assert not (tmp_path / "it-ran").exists()


def test_a_dry_run_sends_nothing(sink: Server, gate: Run) -> None:
    """What would be sent is shown, needs no secret and shows none."""
    done = gate("notify", "--test", "--dry-run", CHAT="", KEY="")
    assert done.returncode == 0
    assert "would be NOTIFY ${CHAT}" in done.stdout
    assert f"would be POST {sink.url}/hook" in done.stdout
    assert sink.requests == []


def test_what_does_not_arrive(sink: Server, gate: Run) -> None:
    """Each that fails says why and what to do, without the address; the others are told all the same."""
    sink.answer = lambda request: Reply(404 if "chat" in request.path else 200)
    done = gate("notify", "--test")
    assert done.returncode == 12
    assert "FAIL  notify (fail, any): JSON did not take the notice (404)" in done.stdout
    assert "next: put a valid address of the channel into CHAT" in done.stdout
    assert "ok    webhook (any)" in done.stdout
    assert "chat-secret" not in done.stdout + done.stderr


def test_nobody_to_tell(tmp_path: Path, gate: Run) -> None:
    """Without --test, and with a policy that tells nobody, the next step is said."""
    assert "gate notify --test" in gate("notify").stderr
    text = (tmp_path / "gate.yml").read_text(encoding="utf-8").partition("actions:")[0]
    (tmp_path / "gate.yml").write_text(text, encoding="utf-8")
    done = gate("notify", "--test")
    assert done.returncode == 2
    assert "type: notify" in done.stderr


def test_a_release_that_fails(tmp_path: Path, sink: Server, gate: Run) -> None:
    """A real run tells chat and server once each, and runs the program with evidence that a replay agrees with."""
    folder = project(tmp_path, history(0.9), CHECKED + ASKS.format(url=sink.url))
    script = folder / "roll-back.sh"
    script.write_text('#!/bin/sh\ncp -r "$GATE_EVIDENCE" kept\necho "back, as it is $1"\n', encoding="utf-8")
    script.chmod(0o700)
    done = gate("check", "--deployed-at", DEPLOY.isoformat(), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"RUN {folder}/roll-back.sh" in done.stdout.replace("\n", "")
    assert not sink.requests
    done = gate("check", "--deployed-at", DEPLOY.isoformat())
    assert done.returncode == 10, done.stderr
    assert "✓ command (fail): done: roll-back.sh ran: back, as it is fail" in done.stdout
    chat, hook = [json.loads(request.body) for request in sink.requests]
    assert len(chat["attachments"]) == 1
    assert (hook["outcome"], hook["decision"]) == ("fail", "halt")
    assert gate("replay", str(folder / "kept")).returncode == 10
