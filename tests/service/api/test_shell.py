"""The service from a shell and from Python: what people see, and the exit codes that pipelines act on."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.cli import main
from gate.client import Client, Order
from gate.errors import KeyReused, NoSuchRun, PolicyFault, RunOver, ServiceFault, UsageFault
from tests.cli.commands import DEPLOY
from tests.servers.http_server import Reply, Server
from tests.servers.running import free_port
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.service.running import Service

    Here = Callable[..., tuple[object, str, str]]

DEPLOYED = ("--deployed-at", DEPLOY.isoformat())


def shell(service: Service, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run ``gate`` as somebody who has the service's address and a token in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "gate", *words],
        cwd=service.folder,
        env={**service.environment(), **environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def here(service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The same within this process, which is quicker; returns exit code and what was printed."""
    for name, value in service.environment().items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[object, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(words)
        return (left.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    """A client with a token that may do everything."""
    with Client(service.url, service.token) as made:
        yield made


@pytest.fixture
def waiting(client: Client) -> str:
    """A run that goes on."""
    return client.start(Order(policy_name="long", labels={"repository": "acme/shell"}))


def test_start_and_wait(service: Service) -> None:
    """``start --wait`` tells the run as it goes and exits with its verdict, which alone stands on standard output."""
    outcome = shell(service, "start", "--policy-name", "bad", *DEPLOYED, "--wait", "--json")
    assert outcome.returncode == 10, outcome.stderr
    assert json.loads(outcome.stdout)["decision"] == "halt"
    assert "run started" in outcome.stderr
    assert "look 1" in outcome.stderr


def test_start_alone(service: Service, here: Here) -> None:
    """``start`` prints the id, with which ``status``, ``log`` and ``runs`` find the run."""
    run_id = here("start", "--policy-name", "good", *DEPLOYED, "--label", "repository=acme/shell")[1].strip()
    code, said, told = here("status", run_id, "--wait", "--timeout", "60s")
    assert code == 0, told
    assert said.startswith("PASS: promote")
    assert "run started" in here("log", run_id)[1]
    assert run_id in here("runs", "--service", service.url)[1]
    assert here("runs", "--store", str(service.folder / "own.db"), "--json")[1] == ""


def test_overrides_from_a_shell(here: Here, waiting: str) -> None:
    """Waiting exits with 13; after a rejection with 10; and what is over cannot be cancelled."""
    assert here("status", waiting)[0] == 13
    assert "window_to" in json.loads(here("extend", waiting, "--by", "30m", "--reason", "few posts", "--json")[1])
    assert here("reject", waiting, "--reason", "orders are lost")[0] == 0
    assert here("status", waiting)[0] == 10
    code, _, error = here("cancel", waiting, "--reason", "too late")
    assert code == 2
    assert "has ended already" in error


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("status", "261121-202630-x7k2qa"), {}, "there is no run"),
        (("status", "x"), {"GATE_URL": ""}, "which service"),
        (("status", "x"), {"GATE_URL": "http://gate.example.com"}, "https"),
        (("status", "x"), {"GATE_TOKEN": ""}, "GATE_TOKEN"),
        (("status", "x", "--token", "sg_secret"), {}, "name of a variable"),
        (("runs", "--service", "http://127.0.0.1:1", "--token", "${NONE}"), {}, "NONE"),
        (("start", "-p", "absent.yml"), {}, "no policy at absent.yml"),
        (("start", "--policy-name", "absent"), {}, "no policy 'absent'"),
        (("approve", "261121-202630-x7k2qa"), {}, "--reason"),
    ],
)
def test_faults_say_what_to_do(
    service: Service,
    here: Here,
    words: tuple[str, ...],
    environ: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be done exits with 2, and says why and what next, never with a traceback or the token."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, _, error = here(*words)
    assert code in {2, 12}
    assert said in error
    assert "Traceback" not in error
    assert service.token not in error


def test_client_speaks_in_our_errors(service: Service, client: Client, waiting: str) -> None:
    """Refusals of the service are the errors that the same thing raises here."""
    with pytest.raises(NoSuchRun):
        client.run("261121-202630-x7k2qa")
    with pytest.raises(PolicyFault) as wrong:
        client.start(Order(policy="version: 1\nsorces: []\n"))
    assert "did you mean sources" in str(wrong.value)
    client.start(Order(policy_name="good", deployed_at=DEPLOY, key="same"))
    with pytest.raises(KeyReused):
        client.start(Order(policy_name="bad", deployed_at=DEPLOY, key="same"))
    assert client.cancel(waiting, "wrong place").state == "cancelled"
    with pytest.raises(RunOver):
        client.extend(waiting, "later", DEPLOY + timedelta(days=4000))
    with Client(service.url, "nobody") as stranger, pytest.raises(UsageFault, match="refused"):
        stranger.run(waiting)


def test_client_reads(client: Client, waiting: str) -> None:
    """Runs come page by page, the log as it was recorded, the evidence as a ZIP file."""
    assert waiting in {each.id for each in client.runs(repository="acme/shell")}
    assert next(client.log(waiting)).kind == "started"
    over = client.start(Order(policy_name="bad", deployed_at=DEPLOY))
    assert client.wait(over).exit_code == 10
    assert client.evidence(over).startswith(b"PK")
    assert client.policies() == ["bad", "good", "long"]
    client.cancel(waiting, "only a test")


@pytest.mark.parametrize(("status", "asked"), [(502, 1), (504, 1), (503, 2), (429, 2)])
def test_client_says_nothing_twice(status: int, asked: int) -> None:
    """An override behind a proxy that gave up may have been heard, so it is not sent again; one that was put off is."""
    told = {"type": "urn:sentiment-gate:problem:run-over", "detail": "run x has ended already"}
    with Server(Reply(status), Reply.of(told, 409)) as server:
        client = Client(server.url, "t", clock=ManualClock())
        with client, pytest.raises(ServiceFault if asked == 1 else RunOver):
            client.approve("261121-202630-x7k2qa", "known outage")
        assert len(server.requests) == asked


def test_client_tries_again_and_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    """A service that cannot be reached is tried again for as long as patience lasts, and no longer; that is told."""
    clock = ManualClock()
    began = clock.now()
    with Client(f"http://127.0.0.1:{free_port()}", "t", clock=clock, patience=timedelta(minutes=1)) as lonely:
        with pytest.raises(ServiceFault, match="cannot be reached"):
            lonely.verdict("261121-202630-x7k2qa")
        tried = clock.now() - began
        assert timedelta(seconds=30) < tried <= timedelta(minutes=1)
    told = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert told[0].endswith("does not answer; trying again in 4 s")
    assert len(told) < 5
