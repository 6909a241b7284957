"""A whole run over real networks: people post, the gate hears them and halts; a server dies and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from gate import wiring
from gate.clock import SystemClock
from gate.model import DropReason, Outcome
from gate.policy import load_text
from tests.cli.commands import environment, gate
from tests.servers.mastodon import mastodon
from tests.servers.running import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from gate.model import Look
    from tests.servers.bluesky import Account, Bluesky
    from tests.servers.mastodon import Mastodon

TAG = "#acme24"
CLOCK = SystemClock()
CALM = (
    "works great today",
    "love the new colours",
    "quick and smooth",
    "happy with it so far",
    "thanks, it is lovely",
    "a nice app",
    "crashes on my tablet",
    "really useful this week",
)
ANGRY = (
    "crashes on every start",
    "lost all my notes",
    "this update is terrible",
    "nothing works any more",
    "broken again, very annoying",
    "awful, I hate it",
    "cannot log in, useless",
    "it is slow and freezes",
)
POLICY = """\
version: 1
release: "#acme24"
sources:
  - {{type: bluesky, server: "{pds}", handle: {handle}, app_password: "${{BLUESKY_APP_PASSWORD}}"}}
  - {{type: mastodon, server: "{mastodon}", token: "${{MASTODON_TOKEN}}"}}
window: {{settle: 1s, length: 5m, every: 10s}}
baseline: {{length: 6h}}
minimum: {{mentions: 20, authors: 15, sources: 2}}
on: {{inconclusive: hold, error: hold}}
"""
MASTODON_ONLY = """\
version: 1
release: "#mortal"
sources:
  - {type: mastodon, server: "SERVER"}
window: {settle: 60s, length: 10m, every: 60s}
baseline: {length: 1h}
filters: {one_vote_per_author: false, near_duplicates: keep}
rules: [{type: keyword, any: ["data loss"], authors: 3}]
minimum: {mentions: 1, authors: 1}
on: {inconclusive: hold, error: hold}
"""


@dataclass
class People:
    """Those who write, on both networks."""

    bluesky: Sequence[Account]
    mastodon: Mastodon
    posted: list[datetime] = field(default_factory=list)

    def write(self, texts: Sequence[str], at: Callable[[int], datetime]) -> None:
        """Have each of them post once, by turns on one network and the other."""
        others = self.mastodon.accounts[: len(self.bluesky)]
        for number, (one, two, text) in enumerate(zip(self.bluesky, others, cycle(texts), strict=False)):
            one.post(f"{text} {TAG}", at=at(number))
            two.post(f"{text} {TAG}")
            self.posted.append(CLOCK.now())


@pytest.fixture(scope="module")
def crowd(bluesky_server: Bluesky) -> list[Account]:
    """Make two dozen accounts."""
    return [bluesky_server.account() for _ in range(24)]


def watch(folder: Path, environ: dict[str, str], said: Path) -> subprocess.Popen[bytes]:
    """Start the command, as a pipeline does."""
    command = [sys.executable, "-m", "gate", "check", "--json", "--plain", "--evidence", "evidence"]
    with said.open("wb") as log, (folder / "verdict.json").open("wb") as out:
        return subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=log)


def await_words(process: subprocess.Popen[bytes], said: Path, words: str) -> None:
    """Return once the command has said this."""
    while words not in (text := said.read_text(errors="replace")):
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended before it said {words!r}: {text}")


def test_posts_written_during_the_run_halt_the_release(
    bluesky_server: Bluesky, mastodon_server: Mastodon, crowd: list[Account], tmp_path: Path
) -> None:
    """Doctor finds both networks well; calm before the deploy, complaints on both after it: the run ends with FAIL."""
    people = People(crowd, mastodon_server)
    environ = environment(tmp_path) | {
        "BLUESKY_APP_PASSWORD": crowd[0].app_password(),
        "MASTODON_TOKEN": mastodon_server.token,
    }
    policy = POLICY.format(pds=bluesky_server.pds, handle=crowd[0].handle, mastodon=mastodon_server.url)
    (tmp_path / "gate.yml").write_text(policy)
    doctor = subprocess.run(
        [sys.executable, "-m", "gate", "doctor"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "bluesky: Bluesky: the search for" in doctor.stdout
    assert "mastodon: Mastodon on 127.0.0.1" in doctor.stdout

    start = CLOCK.now()
    people.write(CALM, lambda number: start - timedelta(minutes=10 * (number + 1)))
    bluesky_server.settle()
    said = tmp_path / "said"
    process = watch(tmp_path, environ, said)
    await_words(process, said, "aseline")
    people.posted.clear()
    people.write(ANGRY, lambda _number: CLOCK.now())
    code = process.wait(240)
    ended = CLOCK.now()

    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert code == 10, said.read_text()
    assert (verdict["outcome"], verdict["decision"], verdict["rule"]) == ("fail", "halt", "share")
    assert verdict["tally"]["sources"] == 2
    assert all(each["complete"] and each["kept"] > 0 for each in verdict["coverage"])
    assert verdict["tally"]["share_before"] < 0.3
    assert verdict["tally"]["share_after"] > 0.7
    first, last = ((ended - at).total_seconds() for at in (people.posted[0], people.posted[-1]))
    print(  # noqa: T201  # a measurement, shown with -s
        f"\nfrom the first complaint to the halt {first:.1f} s, from the last {last:.1f} s; {verdict['reason']}"
    )
    replayed = gate(tmp_path, "replay", "evidence")
    assert replayed.returncode == 10, replayed.stderr


class Story(SystemClock):
    """A clock whose waits are a story: at each one something happens, and no time is spent."""

    def __init__(self, chapters: Sequence[Callable[[], object]]) -> None:
        """Start now."""
        super().__init__()
        self._chapters = list(chapters)
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the time the story has come to."""
        return super().now() + self._ahead

    def wait(self, duration: timedelta) -> None:
        """Turn the page, and move on."""
        if self._chapters and duration > timedelta(seconds=20):
            self._chapters.pop(0)()
        self._ahead += duration


class Mortal:
    """A server that is killed and comes back with what it knew."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self._life = ExitStack()
        self._port = free_port()
        self._database = folder / "mastodon.db"
        self._count = 0
        self.uris: list[str] = []
        self.revive()

    def revive(self) -> None:
        """Start it again."""
        living = mastodon(port=self._port, database=self._database, ending=signal.SIGKILL)
        self.server = self._life.enter_context(living)

    def kill(self) -> None:
        """Kill it, without a warning."""
        self._life.close()

    def post(self, count: int) -> None:
        """Have so many people post."""
        for _ in range(count):
            self._count += 1
            account = self.server.accounts[self._count % len(self.server.accounts)]
            self.uris.append(account.post(f"post {self._count}: {CALM[self._count % len(CALM)]} #mortal")["uri"])


def test_a_server_killed_in_mid_run_loses_nothing(tmp_path: Path) -> None:
    """While the server is dead the looks say so; after it, what was written meanwhile and just before comes, once."""
    mortal = Mortal(tmp_path)
    mortal.post(6)
    before = mortal.uris.copy()

    def posts_and_dies() -> None:
        mortal.post(45)  # more than a page
        mortal.kill()

    def comes_back() -> None:
        mortal.revive()
        mortal.post(3)

    chapters = [
        lambda: mortal.post(5),
        mortal.kill,
        lambda: None,
        comes_back,
        posts_and_dies,
        lambda: None,
        mortal.revive,
    ]
    clock = Story(chapters)
    policy = load_text(MASTODON_ONLY.replace("SERVER", mortal.server.url))
    release = wiring.release_of(policy, clock.now(), clock.now())
    looks: list[Look] = []
    try:
        with (
            wiring.open_store(f"sqlite:///{tmp_path}/gate.db", clock, os.environ) as (log, hash_author),
            wiring.open_run(policy, release, log=log, clock=clock, environ={}, hash_author=hash_author) as run,
        ):
            baseline = run.watch.hear_baseline()
            looks += run.watch.looks()
    finally:
        mortal.kill()
    assert [each.id for each in baseline.kept] == before
    came = [each.id for look in looks for each in look.kept] + [each.id for look in looks for each in look.dropped]
    assert sorted(came) == sorted(mortal.uris[len(before) :])
    assert not [each for look in looks for each in look.dropped if each.reason is DropReason.DUPLICATE]
    (heard,) = looks[-1].verdict.coverage
    assert (heard.fetched, heard.complete) == (53, True)
    silent = [look.number for look in looks if not look.verdict.coverage[0].complete]
    assert silent == [2, 3, 5, 6]
    assert looks[-1].verdict.outcome is Outcome.PASS
