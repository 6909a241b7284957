"""The files of examples/service do what they say, as far as this machine can tell; see its README for what it cannot."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gate.http.destinations import Allowed
from gate.store import NewOrder, Store
from tests.looks import VERDICT, look
from tests.support import ManualClock, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

FOLDER = Path(__file__).parents[1] / "examples/service"
UNIT = (FOLDER / "sentiment-gate.service").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_text(encoding="utf-8"))


def commands() -> Iterator[list[str]]:
    """Yield every command of ours that the files run."""
    yield shlex.split(re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)[0])
    yield json.loads(re.findall(r"^CMD (.*)$", (FOLDER / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1])
    for service in COMPOSE["services"].values():
        if service.get("command", [""])[0] == "gate":
            yield service["command"]


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_commands_are_ours(command: list[str]) -> None:
    """Each command that a file runs exists, and takes the options it is given."""
    program, name, *arguments = command
    assert Path(program).name == "gate"
    ours: click.Command = importlib.import_module(f"gate.cli.{name}").command
    assert ours.make_context(name, list(arguments)).params


def test_the_settings_are_read() -> None:
    """The settings are valid, and each host in them may be sent callbacks."""
    settings = pytest.importorskip("gate.service.settings").load(FOLDER / "service.yml", {})
    assert [Allowed.parse(host).scheme for host in settings.callbacks.hosts] == ["https", "https"]
    assert settings.proxies == 1


def test_the_compose_file() -> None:
    """Services wait for the database, share the authors' key, and stop in the time that a worker may take."""
    services = COMPOSE["services"]
    names = [
        service["command"][service["command"].index("--name") + 1]
        for service in services.values()
        if "command" in service
    ]
    assert len(set(names)) == len(names) == 2
    for name in ("gate", "worker"):
        assert services[name]["depends_on"] == {"db": {"condition": "service_healthy"}}
        assert services[name]["environment"].keys() >= {"GATE_STORE", "GATE_AUTHOR_KEY", "GATE_SERVICE"}
        assert services[name]["stop_grace_period"] == "45s"
    assert all(port.startswith("127.0.0.1:") for port in services["gate"]["ports"])
    named = {volume.partition(":")[0] for volume in services["db"]["volumes"]}
    assert named == set(COMPOSE["volumes"])


def test_the_unit(tmp_path: Path) -> None:
    """The system's own checker finds nothing wrong with the unit."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    unit = tmp_path / "sentiment-gate.service"
    unit.write_text(UNIT.replace("/opt/sentiment-gate/bin/gate", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_proxy_lets_events_through() -> None:
    """What the proxy does not buffer is the address at which the service sends events."""
    text = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"location ~ (\S+) \{[^}]*proxy_buffering off", text)
    blueprint = importlib.import_module("gate.service.api.streaming")
    assert '"/runs/<id>/events"' in Path(str(blueprint.__file__)).read_text(encoding="utf-8").replace(
        "<run_id>", "<id>"
    )
    assert re.match(pattern, "/v1/runs/261121-202630-x7k2qa/events")
    assert not re.match(pattern, "/v1/runs/261121-202630-x7k2qa")


def test_the_proxy_passes_nothing_on_that_callers_claim() -> None:
    """Wherever it hands a request on, it sets every header that the service believes a proxy."""
    text = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    places = [each for each in re.findall(r"location [^{]*\{([^}]*)\}", text) if "proxy_pass" in each]
    assert len(places) == text.count("proxy_pass ")
    for place in places:
        said = dict(re.findall(r"proxy_set_header (X-\S+) +([^;]+);", place))
        assert said == {"X-Forwarded-For": "$remote_addr", "X-Forwarded-Host": "$host", "X-Forwarded-Proto": "https"}


def script(name: str, *arguments: str) -> None:
    """Run one of the scripts."""
    done = subprocess.run([FOLDER / name, *arguments], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_backup_and_restore(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> None:
    """A backup made while the run log is in use brings back every run as it was, the open ones for workers to take up."""
    if kind == "sqlite" and not shutil.which("sqlite3"):
        pytest.skip("needs sqlite3: apt-get install sqlite3")
    url = str(tmp_path / "gate.db") if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    backups, clock = str(tmp_path / "backups"), ManualClock()
    (tmp_path / "author.key").write_text("an invented key of authors")
    with Store(url, clock) as store:
        done = store.start_run(release(), {})
        store.append_look(done, look(1))
        store.finish(done, VERDICT)
        new = NewOrder("ci", "key", "print", "policy", "gate.yml", None)
        ordered = store.order(new, release(), {}, dry_run=False, labels={}, versions={})
        script("backup.sh", url, backups)
        head = store.run(done).head
        later = store.start_run(release(), {})
        store.call_off(ordered, "Ada", "a mistake")
    (tmp_path / "author.key").write_text("lost")
    for _ in range(2):  # Restoring twice is restoring once.
        script("restore.sh", backups, url)
    with Store(url, clock) as store:
        assert {line.id for line in store.page().lines} == {done, ordered}
        assert later not in {line.id for line in store.page().lines}
        assert store.run(done).head == head
        assert store.verify(done) == store.verify(ordered) == []
        assert [call.run_id for call in store.open_orders()] == [ordered]
        store.start_run(release(), {})
    if kind == "sqlite":
        assert (tmp_path / "author.key").read_text() == "an invented key of authors"
        assert (tmp_path / "gate.db").stat().st_mode & 0o077 == 0


def test_what_is_not_there_is_neither_kept_nor_brought_back(tmp_path: Path) -> None:
    """A mistyped path ends the scripts with words about it, and leaves the run log and older backups as they were."""
    if not shutil.which("sqlite3"):
        pytest.skip("needs sqlite3: apt-get install sqlite3")
    kept, empty, backups = tmp_path / "gate.db", tmp_path / "empty", tmp_path / "backups"
    empty.mkdir()
    with Store(str(kept), ManualClock()) as store:
        run = store.start_run(release(), {})
    script("backup.sh", str(kept), str(backups))
    before = (backups / "gate.db").read_bytes()
    for name, arguments in (
        ("backup.sh", (tmp_path / "gate.bd", backups)),
        ("restore.sh", (empty, kept)),
        ("restore.sh", (empty, "postgresql://nobody@127.0.0.1:1/gate")),
    ):
        command = [str(FOLDER / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 1
        assert done.stderr.startswith(f"{name}: there is no ")
    assert (backups / "gate.db").read_bytes() == before
    assert not list(empty.iterdir())
    with Store(str(kept), ManualClock()) as store:
        assert [line.id for line in store.page().lines] == [run]
