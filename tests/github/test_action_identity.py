"""Who a workflow is: tokens that GitHub signs for a job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gate.ci.github.identity import Identity
from gate.errors import ServiceFault, UsageFault
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

BEARER = "bearer-of-the-test"


def identity(server: Server, said: list[str], clock: ManualClock, query: str = "?api-version=2.0") -> Identity:
    """Return that of a job with ``id-token: write``."""
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{server.url}/token{query}", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    return Identity(environ, "https://gate.example.com/a b", clock, said.append)


def test_a_token_is_for_the_service_alone() -> None:
    """It is asked for with the service as audience, and hidden before anybody has it."""
    said: list[str] = []
    with Server(Reply.of({"value": "signed", "count": 1})) as server:
        assert identity(server, said, ManualClock()).token() == "signed"
        assert server.requests[0].query == {"api-version": "2.0", "audience": "https://gate.example.com/a b"}
        assert server.requests[0].headers["authorization"] == f"bearer {BEARER}"
    assert said == ["signed"]


def test_a_token_is_renewed_before_it_ends() -> None:
    """A run may take hours, a token five minutes: no request is made with one older than three."""
    clock, said = ManualClock(), list[str]()
    with Server(*(Reply.of({"value": f"token-{number}"}) for number in range(3))) as server:
        job = identity(server, said, clock, query="")
        assert [job.token(), job.token()] == ["token-0", "token-0"]
        clock.wait(timedelta(minutes=2, seconds=59))
        assert job.token() == "token-0"
        clock.wait(timedelta(seconds=1))
        assert job.token() == "token-1"
        assert len(server.requests) == 2


def test_a_busy_github_is_asked_again() -> None:
    """A failure that passes is none."""
    clock = ManualClock()
    with Server(Reply(503), Reply(500), Reply.of({"value": "signed"})) as server:
        assert identity(server, [], clock).token() == "signed"


@pytest.mark.parametrize("reply", [Reply(403), Reply(302, headers={"location": "/x"}), Reply.of({}), Reply.of([])])
def test_no_token_is_an_outage(reply: Reply) -> None:
    """After four tries it is told, without what was shown for it."""
    with Server(reply) as server, pytest.raises(ServiceFault) as fault:
        identity(server, [], ManualClock()).token()
    assert len(server.requests) == 4
    assert BEARER not in str(fault.value)


def test_a_job_without_permission_is_told_which() -> None:
    """The next step names the permission, and what to do without it."""
    with pytest.raises(UsageFault) as refused:
        Identity({}, "https://gate.example.com", ManualClock(), print)
    assert "id-token: write" in refused.value.hint


def test_the_runners_secret_goes_over_https_only() -> None:
    """An address that somebody changed to plain HTTP gets nothing."""
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://evil.example/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    with pytest.raises(UsageFault, match="https"):
        Identity(environ, "https://gate.example.com", ManualClock(), print)
