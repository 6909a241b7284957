"""Every action there is, held to the same facts on a real far side that does as it is asked, or misbehaves."""

from __future__ import annotations

import json
import logging
import re
import threading
import traceback
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from gate.errors import Cancelled, GateError, SourceRefused
from gate.http import interrupt, resume
from tests.actions.conformance import AT_ONCE, LONG, NOW, OCCASION, SOON, Attempt, Receiver, found
from tests.servers.http_server import Reply
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

FOUND = found()
RECEIVERS = {name: each for name, each in FOUND.items() if isinstance(each, Receiver)}
AGAIN = replace(OCCASION, again=True)


@pytest.fixture(params=RECEIVERS, ids=str)
def attempt(request: pytest.FixtureRequest) -> Iterator[Attempt]:
    """Put each action on its far side."""
    receiver, clock = RECEIVERS[request.param], ManualClock(NOW)
    with receiver.serve(clock) as side:
        yield Attempt(request.param, receiver, side, clock)


@pytest.mark.parametrize("name", FOUND)
def test_every_action_takes_part(name: str) -> None:
    """Each action has a far side to be tried on, or says why it cannot have any."""
    assert FOUND[name], f"write tests/receivers/{name.replace('-', '_')}.py with a RECEIVER, or say why not in EXEMPT"


def test_it_is_done(attempt: Attempt) -> None:
    """One run of it does it once, and says so in one line."""
    said = attempt.action().run(OCCASION)
    assert attempt.side.done() == 1
    assert said
    assert "\n" not in said


def test_a_dry_run_shows_what_is_sent(attempt: Attempt) -> None:
    """What it would send is what it sends, to the letter; to say it asks nobody, and needs no secret."""

    def none(reference: str) -> str:
        pytest.fail(f"{reference} was looked up")

    action = attempt.action(none)
    intents = action.intents(OCCASION)
    action.close()
    assert attempt.side.requests == []
    attempt.action().run(OCCASION)
    sent = [request for request in attempt.side.requests if request.method != "GET"]
    assert len(intents) == len(sent)
    for intent, request in zip(intents, sent, strict=True):
        # What must be looked up first is a name in braces.
        where = re.sub(r"\\{\w+\\}", r"\\d+", re.escape(intent.where))
        assert re.fullmatch(f"{intent.method} {where}", f"{request.method} {attempt.side.url}{request.target}")
    assert [each.body for each in intents] == [json.loads(request.body) for request in sent]
    assert attempt.side.token not in repr(intents)


@pytest.mark.parametrize("how", ["hang", "cut", "500"])
def test_once_though_the_answer_was_lost(attempt: Attempt, how: str) -> None:
    """What was done although nobody heard of it is found when it is tried again, and not done twice."""
    lost = {"hang": Reply(how="hang"), "cut": Reply(200, b"{}" * 50, {}, "cut"), "500": Reply(500)}[how]
    attempt.side.trouble(lost, done=True)
    with pytest.raises(GateError) as raised:
        attempt.action(within=SOON if how == "hang" else LONG).run(OCCASION)
    assert not raised.value.permanent
    assert attempt.side.done() == 1
    said = attempt.action().run(AGAIN)
    assert said
    assert attempt.side.done() == 1


def test_tried_again_after_a_failure(attempt: Attempt) -> None:
    """What was not done is done when it is tried again."""
    attempt.side.trouble(Reply(503))
    with pytest.raises(GateError):
        attempt.action().run(OCCASION)
    assert attempt.side.done() == 0
    attempt.clock.wait(timedelta(minutes=1))
    attempt.action().run(AGAIN)
    assert attempt.side.done() == 1


def test_another_time_is_another(attempt: Attempt) -> None:
    """The same about another run, or about another end of this one, is done then, too."""
    for number in (1, 2, 10, 11):
        attempt.action().run(replace(AGAIN, key=f"260310-143000-abc123.{number}.0"))
    assert attempt.side.done() == (1 if attempt.receiver.brings_about else 4)


def problem(status: int, **headers: str) -> Reply:
    """Answer with that status, as an API does."""
    return Reply.of({"error": "no", "message": "no"}, status, **headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_no_is_no(attempt: Attempt, status: int) -> None:
    """What is refused is refused for good, is not done, and comes with a next step."""
    attempt.side.always(problem(status))
    with pytest.raises(GateError) as raised:
        attempt.action().run(OCCASION)
    assert raised.value.permanent
    assert str(status) in raised.value.message
    assert raised.value.hint
    assert attempt.side.done() == 0
    assert len(attempt.side.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        problem(500), problem(502), problem(429, retry_after="30"), problem(403, retry_after="30"), problem(429),
        Reply(200, b"<html>", {"content-type": "text/html"}), Reply(how="hang"), Reply(how="drip"),
    ],
    ids=["500", "502", "429", "403-limited", "429-bare", "html", "hang", "drip"],
)  # fmt: skip
def test_what_may_pass(attempt: Attempt, reply: Reply) -> None:
    """A sick service, a rate limit or silence may pass: it is over in time, and whoever runs actions comes again."""
    if reply.status == 200 and reply.how == "whole" and not attempt.receiver.reads:
        pytest.skip("2xx is all that it wants to hear")
    attempt.side.always(reply)
    with pytest.raises(GateError) as raised:
        attempt.action(within=AT_ONCE if reply.how in {"hang", "drip"} else LONG).run(OCCASION)
    assert not raised.value.permanent
    assert attempt.side.done() == 0
    if "retry-after" in reply.headers:
        assert getattr(raised.value, "until", None) == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("status", "where"),
    [
        (301, "http://10.0.0.1/"),
        (302, "https://evil.example/"),
        (307, "http://169.254.169.254/latest/meta-data"),
        (308, "https://evil.example/"),
    ],
    ids=str,
)
def test_no_redirect_elsewhere(attempt: Attempt, status: int, where: str) -> None:
    """A redirect to another address, a private one above all, is refused: the token does not travel."""
    attempt.side.always(Reply(status, headers={"location": where}))
    for occasion in (OCCASION, AGAIN):
        with pytest.raises(SourceRefused):
            attempt.action().run(occasion)
    assert attempt.side.done() == 0


def test_a_missing_secret(attempt: Attempt) -> None:
    """A secret that is not set is the resolver's refusal, unchanged, with no request made."""

    def none(reference: str) -> str:
        message = f"{reference} is not set"
        raise SourceRefused(message, hint="set it in the environment")

    with pytest.raises(SourceRefused, match="is not set"):
        attempt.action(none).run(OCCASION)
    assert attempt.side.requests == []


def _talkative(secret: str) -> Iterator[tuple[str, Reply]]:
    forms = [secret, quote(secret, safe=""), b64encode(secret.encode()).decode()]
    told = json.dumps({"message": f"bad token {' '.join(forms)}", "html_url": secret, "number": 1}).encode()
    for status in (200, 401, 403, 422, 429, 500):
        yield f"{status}", Reply(status, told, {"x-echo": f"Bearer {secret}", "content-type": "application/json"})
    yield "no-json", Reply(200, f"<html>{secret}".encode())
    yield "hang", Reply(how="hang")
    yield "redirect", Reply(302, headers={"location": f"https://elsewhere.example/?token={quote(secret)}"})


@pytest.mark.parametrize("kind", [kind for kind, _ in _talkative("")])
def test_the_secret_is_never_shown(attempt: Attempt, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """With every library at DEBUG and a far side that echoes it, no log, error, traceback or line has the secret."""
    secret = attempt.side.token
    for name in ("", "urllib3", "requests", "gate"):
        caplog.set_level(logging.DEBUG, logger=name)
    attempt.side.always(dict(_talkative(secret))[kind])
    action = attempt.action(within=AT_ONCE if kind == "hang" else LONG)
    shown = [repr(action)]
    for occasion in (OCCASION, AGAIN):
        try:
            shown.append(action.run(occasion))
        except GateError as fault:
            shown += [fault.message, fault.hint, repr(fault), *traceback.format_exception(fault)]
            shown += [repr(vars(each)) for each in (fault, fault.__cause__, fault.__context__) if each]
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    forms = {secret, quote(secret, safe=""), b64encode(secret.encode()).decode()}
    assert not [text for text in shown if any(form in text for form in forms)]


def test_told_to_stop(attempt: Attempt) -> None:
    """An action that waits for an answer in a thread of its own lets go at once when the process is told to stop."""
    attempt.side.always(Reply(how="hang"))
    raised: list[int] = []

    def run() -> None:
        try:
            attempt.action(within=timedelta(hours=1)).run(OCCASION)
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not attempt.side.requests:
            thread.join(0.01)
        interrupt(15)
        thread.join(5)
    finally:
        resume()
    assert raised == [15]
