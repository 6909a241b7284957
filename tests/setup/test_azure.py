"""``gate setup azure``: what it writes, and what it finds out."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from gate.setup.azure_form import CALLED_BACK, Plan, fields, headers
from tests.cli.in_process import Done, runner
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.http_server import Recorded

FILE = "azure-check-headers.json"
ORGANIZATION = "https://dev.azure.com/acme"
ASKED = ["--service", "https://gate.example.com", "--organization", ORGANIZATION, "--policy-name", "checkout"]
TOKEN = "sgate_invented"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run ``gate setup azure`` in the test's folder."""
    return partial(runner(tmp_path, monkeypatch, capsys, GATE_TOKEN=TOKEN), "setup", "azure")


def test_what_is_written(tmp_path: Path, setup: Callable[..., Done]) -> None:
    """The headers of a check that is called back, what goes into the other fields, and settings that the service reads."""
    done = setup(*ASKED, "--project", "Web Shop", "--timeout", "90")
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert written.keys() >= {"Content-Type", "ProjectId", "PlanId", *CALLED_BACK}
    assert (written["Gate-Policy"], written["Gate-Timeout-Minutes"]) == ("checkout", "90")
    for said in (
        'organizations: ["https://dev.azure.com/acme"]',
        'keys: ["${GATE_AZURE_KEY}"]',
        "https://dev.azure.com/acme/Web%20Shop/_environments",
        "URL suffix and parameters: v1/azure/check",
        "Completion event: Callback",
        "Time between evaluations (minutes): 0",
        "Timeout (minutes): 90",
    ):
        assert said in done.stdout
    names = list(written)
    filled = [name for name in names if "$(" in written[name]]
    assert set(filled) == {"ProjectId", "PlanId", *CALLED_BACK, "Gate-Commit"}, "what nobody can choose"
    assert names.index(filled[-1]) < names.index("Gate-Environment"), "of two headers of a name the last one counts"
    refused = setup(*ASKED)
    assert (refused.returncode, f"{FILE} is there already" in refused.stderr) == (2, True)
    assert setup(*ASKED, "--force").returncode == 0


@pytest.mark.parametrize("minutes", [2, 60, 125, 43_200])
def test_asking_again_and_again(minutes: int) -> None:
    """Where nobody is called back no token is handed over, Azure asks ten times at most, and passes by promote alone."""
    plan = Plan("https://gate.example.com", ORGANIZATION, "checkout", minutes=minutes, synchronous=True)
    assert not headers(plan).keys() & {"AuthToken", "PlanUrl"}
    form = fields(plan)
    assert form["Success criteria"] == "eq(root['decision'], 'promote')"
    assert 0 < minutes / int(form["Time between evaluations (minutes)"]) <= 10


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], "service must be an https address"),
        (["--service", "http://gate.example.com", *ASKED[2:]], "service must use https"),
        ([*ASKED[:4], "--policy-name", "a b"], "policy-name must be the name"),
        ([*ASKED, "--environment", 'a"b'], "Azure escapes nothing"),
        ([*ASKED, "--repository", 'a"b'], "repository must be written owner/name"),
        ([*ASKED, "--timeout", "1"], "timeout must be 2 to 43,200 minutes"),
        (["--check"], "organization must be an https address"),
    ],
)
def test_what_cannot_be_set_up(tmp_path: Path, setup: Callable[..., Done], words: list[str], fault: str) -> None:
    """Exit 2, what is wrong, and nothing written."""
    done = setup(*words)
    assert done.returncode == 2
    assert fault in done.stderr
    assert list(tmp_path.iterdir()) == []


def answering(**instead: Reply) -> Server:
    """Serve what a gate's service says, but for some of it."""
    known = {
        "/readyz": Reply.of({"ready": True}),
        "/v1/policies": Reply.of({"policies": [{"name": "checkout"}], "inline": True}),
        "/v1/azure/check": Reply.of({"detail": "the header Gate-Policy is missing", "hint": "add it"}, 422),
    }
    places = {"ready": "/readyz", "policies": "/v1/policies", "check": "/v1/azure/check"}
    known |= {places[name]: reply for name, reply in instead.items()}

    def answer(request: Recorded) -> Reply:
        if request.path != "/readyz" and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply.of({"detail": "no valid token", "hint": "make one"}, 401)
        return known.get(request.path, Reply(404))

    return Server(answer=answer)


def asked_of(server: Server) -> list[str]:
    """Return the options that ask it."""
    return ["--check", "--service", server.url, *ASKED[2:]]


def test_all_is_well(setup: Callable[..., Done]) -> None:
    """Service, policy and organization are looked at, and nothing is asked for that would begin a run."""
    with answering() as server:
        done = setup(*asked_of(server))
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("ok  ") == 3
        sent = [each for each in server.requests if each.path == "/v1/azure/check"]
    assert [(each.headers["gate-policy"], each.headers["planurl"]) for each in sent] == [("", ORGANIZATION)]
    assert TOKEN not in done.stdout + done.stderr


def test_nobody_needs_to_be_called(setup: Callable[..., Done]) -> None:
    """Where Azure asks again and again, the service is asked as Azure does then, and needs no organization."""
    written = setup(*ASKED, "--synchronous", "--repository", "acme/app").stdout
    assert "--policy-name checkout --repository 'acme/app' --synchronous\n" in written
    with answering() as server:
        done = setup(*asked_of(server), "--synchronous")
        assert (done.returncode, "ask again and again are answered" in done.stdout) == (0, True), done.stdout
        (sent,) = [each for each in server.requests if each.path == "/v1/azure/check"]
    assert sent.headers["gate-completion"] == "ApiResponse"
    assert not sent.headers.keys() & {"planurl", "authtoken"}


@pytest.mark.parametrize(
    ("instead", "words", "told"),
    [
        ({"ready": Reply(503)}, (), "FAIL  service"),
        ({}, ("--policy-name", "chekcout"), "did you mean checkout?"),
        ({"check": Reply(404)}, (), "a gate service of this version or newer"),
        ({"check": Reply.of({"detail": "PlanUrl is none of azure.organizations", "hint": "azure.organizations says whose"}, 403)},
         (), "azure.organizations says whose"),
        ({"check": Reply.of({"detail": "this service answers no checks of Azure DevOps", "hint": "name yours"}, 422)}, (), "name yours"),
    ],
    ids=["away", "policy", "old", "organization", "settings"],
)  # fmt: skip
def test_what_is_not_well(
    setup: Callable[..., Done], instead: dict[str, Reply], words: tuple[str, ...], told: str
) -> None:
    """Each thing that is missing is named with where to mend it; exit 12."""
    with answering(**instead) as server:
        done = setup(*asked_of(server), *words)
    assert (done.returncode, told in done.stdout) == (12, True), done.stdout + done.stderr
    assert done.stdout.count("next: ") == done.stdout.count("FAIL") == 1


def test_a_test_is_refused_as_the_check_would_be(setup: Callable[..., Done]) -> None:
    """Where the service does not answer the organization's checks, no run is started that would seem to prove it does."""
    no = Reply.of({"detail": "PlanUrl is none of azure.organizations", "hint": "name yours"}, 403)
    with answering(check=no) as server:
        done = setup("--test", *asked_of(server)[1:])
        asked = [each.headers for each in server.requests if each.path == "/v1/azure/check"]
    assert (done.returncode, "PlanUrl is none of azure.organizations" in done.stdout) == (12, True)
    assert [each.get("gate-policy") for each in asked] == [""], "nothing was started"


def test_a_wrong_token_and_nobody_there(setup: Callable[..., Done]) -> None:
    """A token of somebody else, none, and an address at which nobody listens are told apart."""
    with answering() as server:
        wrong = setup(*asked_of(server), GATE_TOKEN="sgate_another")
        words = asked_of(server)
    assert (wrong.returncode, "GATE_TOKEN" in wrong.stdout) == (12, True)
    gone = setup(*words)
    assert (gone.returncode, "FAIL  service" in gone.stdout) == (12, True)
    assert setup(*words, GATE_TOKEN="").returncode != 0
