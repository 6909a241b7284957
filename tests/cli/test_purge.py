"""``gate purge``: what is forgotten is gone from the disk, and old verdicts hold all the same."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import POLICY, check, environment, gate, history, project
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.http_server import Recorded


def halted(folder: Path) -> Path:
    """Judge a bad release, with texts in the evidence pack."""
    done = check(project(folder, history(0.9)), "--keep-text", "--evidence", "pack")
    assert done.returncode == 10
    return folder


def everything(folder: Path) -> str:
    """Return all that is on the disk of the run log and the pack."""
    with closing(sqlite3.connect(folder / "gate.db")) as raw:
        rows = raw.execute("SELECT mention, author, conversation FROM observations").fetchall()
        events = raw.execute("SELECT data FROM events").fetchall()
    return repr(rows + events) + (folder / "pack" / "mentions.jsonl").read_text()


def test_what_is_old_is_forgotten_and_the_verdict_holds(tmp_path: Path) -> None:
    """No text, id or author is left in log and pack; both still verify, and say what was forgotten."""
    folder = halted(tmp_path)
    before = (folder / "pack" / "verdict.json").read_bytes()
    assert "I hate it" in everything(folder)
    dry = gate(folder, "purge", "--older-than", "0s", "--evidence", "pack", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "would be forgotten" in dry.stdout
    assert "I hate it" in everything(folder)
    done = gate(folder, "purge", "--older-than", "0s", "--evidence", "pack")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("`gate log --verify` and `gate replay` still hold.")
    left = everything(folder)
    assert not [word for word in ("I hate it", "m1001", "love") if word in left]
    assert gate(folder, "log", "--verify").returncode == 0
    assert "was forgotten (older than 0s); scores and times stay" in gate(folder, "log").stdout
    replayed = gate(folder, "replay", "pack")
    assert replayed.returncode == 10
    assert "cannot be compared with the first recording any more" in replayed.stdout
    assert (folder / "pack" / "verdict.json").read_bytes() == before
    again = gate(folder, "purge", "--older-than", "0s", "--evidence", "pack")
    assert again.stdout == "Nothing to forget.\n"


def test_one_author_is_forgotten_everywhere(tmp_path: Path) -> None:
    """The author is named as the platform names them; others are untouched, and people still count as they did."""
    folder = halted(tmp_path)
    lines = (folder / "pack" / "mentions.jsonl").read_text().splitlines()
    done = gate(folder, "purge", "--author", "a1001", "--evidence", "pack", "--json")
    found = json.loads(done.stdout)
    assert (list(found["runs"].values()), found["packs"]) == ([1], {"pack": 1})
    left = (folder / "pack" / "mentions.jsonl").read_text().splitlines()
    assert sum(one != other for one, other in zip(lines, left, strict=True)) == 1
    assert gate(folder, "replay", "pack").returncode == 10
    assert gate(folder, "purge", "--id", "m1002", "--evidence", "pack").returncode == 0
    assert gate(folder, "replay", "pack").stdout.count("cannot be compared with the first recording any more") == 2
    assert gate(folder, "log", "--verify").returncode == 0


def test_a_log_that_was_emptied_by_hand_shows(tmp_path: Path) -> None:
    """What looks forgotten without an event that says so, or was changed after it, is named."""
    folder = halted(tmp_path)
    gate(folder, "purge", "--id", "m1001")
    with closing(sqlite3.connect(folder / "gate.db")) as raw, raw:
        raw.execute("UPDATE observations SET negative = 0 WHERE purged IS NOT NULL")
    assert "what is left of them was changed" in gate(folder, "log", "--verify").stderr
    with closing(sqlite3.connect(folder / "gate.db")) as raw, raw:
        raw.execute("UPDATE observations SET mention = '', purged = 99 WHERE mention = 'm1002'")
    assert "was emptied, and no event says so" in gate(folder, "log", "--verify").stderr


def test_a_changed_pack_is_not_purged(tmp_path: Path) -> None:
    """Purging would make a forged pack look whole."""
    folder = halted(tmp_path)
    path = folder / "pack" / "mentions.jsonl"
    path.write_text(path.read_text().replace("I hate it", "I like it"))
    done = gate(folder, "purge", "--id", "m1001", "--evidence", "pack")
    assert (done.returncode, "mentions.jsonl was changed" in done.stderr) == (12, True)


def test_nothing_chosen_is_a_usage_fault(tmp_path: Path) -> None:
    """Without a choice nothing is forgotten, least of all everything."""
    done = gate(tmp_path, "purge")
    assert (done.returncode, "--dry-run" in done.stderr) == (2, True)


def test_a_source_that_cannot_tell_is_known_before_it_is_asked(tmp_path: Path) -> None:
    """A dry run says of a file what the real one says, in place of promising to ask it."""
    folder = halted(tmp_path)
    dry = gate(folder, "purge", "--sync", "--dry-run")
    assert "file: it cannot tell which posts are gone\n  next: purge by age" in dry.stdout
    assert dry.stdout == gate(folder, "purge", "--sync").stdout


def x_policy(folder: Path, url: str, more: str = "") -> None:
    """Have the run's source, by its name, be X at that address."""
    source = f'{{type: x, name: file, base_url: "{url}"{more}}}'
    (folder / "gate.yml").write_text(POLICY.replace("{type: file, path: mentions.jsonl}", source))


def test_what_the_platform_deleted_is_forgotten(tmp_path: Path) -> None:
    """X is asked a hundred ids at a time; deleted and hidden posts go, those it does not answer for stay."""
    folder = halted(tmp_path)

    def answer(request: object) -> Reply:
        ids = request.query["ids"].split(",")  # type: ignore[attr-defined]
        kinds = {"m1001": "resource-not-found", "m1003": "not-authorized-for-resource", "m1005": "client-disconnected"}
        errors = [
            {"resource_id": each, "type": f"https://api.twitter.com/2/problems/{kinds[each]}", "title": "Not found"}
            for each in ids
            if each in kinds
        ]
        return Reply.of({"data": [{"id": each, "text": ""} for each in ids if each not in kinds], "errors": errors})

    with Server(answer=answer) as server:
        x_policy(folder, server.url)
        dry = gate(folder, "purge", "--sync", "--dry-run", "--evidence", "pack", token="invented")
        assert "would be asked about" in dry.stdout
        assert server.requests == []
        done = gate(folder, "purge", "--sync", "--evidence", "pack", token="invented")
        assert done.returncode == 0, done.stderr
        assert [len(request.query["ids"].split(",")) <= 100 for request in server.requests] == [True, True]
    assert "2 gone; 1 unanswered" in done.stdout
    left = everything(folder)
    assert ["m1001'" in left, "m1003'" in left, "m1005'" in left] == [False, False, True]
    assert gate(folder, "replay", "pack").returncode == 10
    assert gate(folder, "log", "--verify").returncode == 0


def test_a_platform_that_does_not_answer_is_no_platform_without_deletions(tmp_path: Path) -> None:
    """Exit 12 with the reason and nothing forgotten; a source that cannot tell says so and is no failure."""
    folder = halted(tmp_path)
    unable = gate(folder, "purge", "--sync")
    assert (unable.returncode, "it cannot tell which posts are gone" in unable.stdout) == (0, True)
    with Server(Reply.of({"title": "Unauthorized", "status": 401}, 401)) as server:
        x_policy(folder, server.url)
        done = gate(folder, "purge", "--sync", token="invented")
    assert (done.returncode, "X does not know the key" in done.stdout) == (12, True)
    assert "m1001" in everything(folder)


def all_there(request: Recorded) -> Reply:
    """Answer as X does of posts that are still there."""
    return Reply.of({"data": [{"id": each, "text": ""} for each in request.query["ids"].split(",")]})


@pytest.mark.parametrize(
    ("budget", "bought"),
    [("reads_per_day: 30", 30), ("usd_per_day: 0.25", 50), ("reads: 120", 120), ("usd: 0.1", 20)],
)
def test_asking_stays_within_the_budget(tmp_path: Path, budget: str, bought: int) -> None:
    """Not one post more is bought than the policy allows, in money or in posts; what is left out is said."""
    folder = halted(tmp_path)
    with Server(answer=all_there) as server:
        x_policy(folder, server.url, f", budget: {{{budget}}}")
        done = gate(folder, "purge", "--sync", token="invented")
        assert sum(len(request.query["ids"].split(",")) for request in server.requests) == bought
        asked = len(server.requests)
        again = gate(folder, "purge", "--sync", token="invented")
        more = len(server.requests) - asked
    assert done.returncode == 12
    assert f"asked about {bought} of 160 mentions" in done.stdout
    assert "not all: " in done.stdout
    assert "next: raise the budget" in done.stdout
    per_day = "per_day" in budget
    assert (more == 0, "of the day is used up" in again.stdout) == (per_day, per_day)


def test_asking_is_stopped_by_control_c(tmp_path: Path) -> None:
    """What was asked until then is forgotten, booked and said; the exit code is that of the signal."""
    folder = halted(tmp_path)
    running: list[subprocess.Popen[str]] = []

    def answer(request: Recorded) -> Reply:
        ids = request.query["ids"].split(",")
        if len(server.requests) == 1:
            gone = {"resource_id": ids[0], "type": "https://api.twitter.com/2/problems/resource-not-found"}
            return Reply.of({"data": [{"id": each, "text": ""} for each in ids[1:]], "errors": [gone]})
        running[0].send_signal(signal.SIGINT)
        return Reply(how="hang")

    with Server(answer=answer) as server:
        x_policy(folder, server.url)
        command = [sys.executable, "-m", "gate", "purge", "--sync"]
        known = environment(folder) | {"X_BEARER_TOKEN": "invented"}
        running.append(subprocess.Popen(command, cwd=folder, env=known, text=True, stdout=-1, stderr=-1))
        out, err = running[0].communicate(timeout=60)
        first = server.requests[0].query["ids"].split(",")
    assert running[0].returncode == 130
    assert "asked about 100 of 160 mentions; 1 gone" in out
    assert "not all: told to stop" in out
    assert "1 mention forgotten" in out
    assert "next: what was forgotten until now stays so" in err
    with closing(sqlite3.connect(folder / "gate.db")) as raw:
        assert raw.execute("SELECT reads FROM spending").fetchall() == [(99,)]
        left = {each for (each,) in raw.execute("SELECT mention FROM observations")}
    assert left.isdisjoint(first[:1])
    assert left >= set(first[1:])
