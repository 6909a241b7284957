"""Telling people, through Apprise, on real servers for HTTP and mail: what they get, how often, and what stays secret."""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.actions.notify import Action, Options
from gate.errors import Cancelled, GateError, SourceDown, SourceRefused, UsageFault
from gate.http import interrupt, resume
from gate.model import Decision
from gate.ports import ActionContext, Secret
from tests.actions.conformance import AT_ONCE, NOW, OCCASION
from tests.hostile import HOSTILE
from tests.servers.http_server import Reply, Server
from tests.servers.smtp import MailServer
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Occasion
    from tests.servers.http_server import Recorded

KEY = "Kq81-secret-part-of-an-address"
PICTURE = b"\x89PNG\r\n\x1a\n some picture"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """Have one server for all."""
    with Server(Reply(200)) as server:
        yield server


@pytest.fixture
def chat(running: Server) -> Server:
    """Take everything, and have nothing yet."""
    running.requests.clear()
    running.answer = lambda _request: Reply(200)
    return running


def action(address: str, *, within: timedelta = timedelta(seconds=10), **options: Any) -> Action:  # noqa: ANN401
    """Build it as wiring does; the address is what the reference stands for."""
    context = ActionContext(Path(), lambda _reference: address, ManualClock(NOW), within)
    return Action(Options(to=Secret("${CHAT}"), **options), context)


def to(chat: Server) -> str:
    """Return an address of Apprise's with a secret in it."""
    return f"{chat.url.replace('http', 'json')}/{KEY}"


def said(chat: Server) -> dict[str, Any]:
    """Return the one notice that arrived."""
    (request,) = chat.requests
    value: dict[str, Any] = json.loads(request.body)
    return value


def drawn(occasion: Occasion = OCCASION) -> Occasion:
    """Give it charts."""
    return replace(occasion, picture=lambda: PICTURE)


def test_a_chat_is_told(chat: Server) -> None:
    """The notice arrives once, with title, reason, the run's page and the charts."""
    told = action(to(chat)).run(drawn())
    notice = said(chat)
    assert notice["title"].endswith(": fail, halt")
    assert notice["message"] == f"Fail: the share rose. {OCCASION.url}"
    assert notice["type"] == "failure"
    assert [base64.b64decode(each["base64"]) for each in notice["attachments"]] == [PICTURE]
    assert told == "JSON was told, with charts"


def test_a_dry_run_says_what_a_chat_would_be_told(chat: Server) -> None:
    """Title, text and tone are those that are sent; where to is the reference; nobody is asked, and nothing resolved."""
    context = ActionContext(Path(), lambda each: pytest.fail(f"{each} was looked up"), ManualClock(NOW))
    (intent,) = Action(Options(to=Secret("${CHAT}")), context).intents(OCCASION)
    assert (intent.method, intent.where) == ("NOTIFY", "${CHAT}")
    assert chat.requests == []
    action(to(chat)).run(OCCASION)
    notice, body = said(chat), intent.body
    assert isinstance(body, dict)
    assert (body["title"], body["text"], body["type"]) == (notice["title"], notice["message"], notice["type"])


@pytest.mark.parametrize(
    ("decision", "tone"), [(Decision.PROMOTE, "success"), (Decision.HOLD, "warning"), (Decision.HALT, "failure")]
)
def test_the_tone_is_that_of_the_decision(chat: Server, decision: Decision, tone: str) -> None:
    """What is to be done colours the notice."""
    verdict = replace(OCCASION.verdict, decision=decision)
    action(to(chat)).run(replace(OCCASION, verdict=verdict))
    assert said(chat)["type"] == tone


def test_without_what_draws(chat: Server) -> None:
    """Where the charts cannot be drawn people are told all the same, and the log says why there are none."""

    def none() -> bytes:
        message = "charts need vl-convert-python, which is not installed"
        raise UsageFault(message)

    told = action(to(chat)).run(replace(OCCASION, picture=none))
    assert said(chat)["attachments"] == []
    assert told == "JSON was told, without charts: charts need vl-convert-python, which is not installed"


def test_nobody_is_called_and_nothing_linked() -> None:
    """Whatever stands in a fact, in a chat it names nobody, links nowhere, and stays on its line."""
    telling = action("", text="{reason}", title="x {reason}")
    for name, text in HOSTILE:
        verdict = replace(OCCASION.verdict, reason=f"{text} @everyone <!channel> [x](https://evil.example)"[-900:])
        (intent,) = telling.intents(replace(OCCASION, verdict=verdict))
        assert isinstance(intent.body, dict)
        for part in (intent.body["title"], intent.body["text"]):
            assert not re.search(r"@\w|<|://|\n|\r|\x1b", part), name


def test_a_channel_that_takes_files_elsewhere_only(chat: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind an address of Slack's incoming webhooks nothing can be attached, and the log does not say that it was."""
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", chat.url)
    monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
    chat.answer = lambda _request: Reply(200, b"ok")
    told = action("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ").run(drawn())
    assert told == "Slack was told, without charts: it takes no files behind such an address"
    assert len(chat.requests) == 1


def test_a_channel_that_refuses_the_charts(chat: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where words are taken and files are not, people are told once more without, and not as long as it is tried."""
    from apprise.plugins.discord import NotifyDiscord

    monkeypatch.setattr(NotifyDiscord, "notify_url", chat.url)
    monkeypatch.setattr(NotifyDiscord, "request_rate_per_sec", 0)
    files: list[bool] = []

    def answer(request: Recorded) -> Reply:
        files.append(request.headers["content-type"].startswith("multipart/"))
        return Reply(413 if files[-1] else 204)

    chat.answer = answer
    told = action("discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5UKjCiOAF7711o33MyqU344Qpgv7YTpadV").run(
        drawn()
    )
    assert (told, files) == (
        "Discord was told, without charts: it takes no files behind such an address", [False, True, False],
    )  # fmt: skip
    chat.answer = lambda _request: Reply(500)
    chat.requests.clear()
    with pytest.raises(SourceDown):
        action("discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5UKjCiOAF7711o33MyqU344Qpgv7YTpadV").run(
            drawn()
        )
    assert len(chat.requests) == 1, "nothing was taken: all of it is tried again later"


def test_without_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Apprise is not installed, a notice fails for good, and says what to install."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SourceRefused, match="not installed") as raised:
        action("json://localhost").run(OCCASION)
    assert "sentiment-gate[notify]" in raised.value.hint


def test_a_doctor_knows_the_channel() -> None:
    """Whether an address is one is known beforehand, and nobody is told."""
    assert action("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ").check()[0].detail.startswith("Slack;")
    assert action("slack://short").check()[0].fix


def test_mail(chat: Server) -> None:
    """A mail has subject, text and charts; with a report its HTML shows the tables, and hostile text as text."""
    assert not chat.requests
    with MailServer() as server:
        address = f"mailto://127.0.0.1:{server.port}?from=gate@example.com&to=team@example.com&mode=insecure"
        report = "## FAIL\n\n| a | b |\n|---|---|\n| 1 | &#60;script&#62; |\n"
        told = action(address, report=True).run(drawn(replace(OCCASION, markdown=report)))
        (mail,) = server.messages
        body = mail.get_body(("html",))
        assert body is not None
        html = body.get_content()
        assert "fail, halt" in str(mail["subject"])
        assert str(mail["to"]) == "team@example.com"
        assert [each.get_content() for each in mail.iter_attachments()] == [PICTURE]
        assert "<table" in html
        assert "<script" not in html
        assert told == "E-Mail was told, with charts"
        server.refuses = "550 no"
        with pytest.raises(SourceDown):
            action(address).run(OCCASION)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_no_is_no(chat: Server, status: int) -> None:
    """A channel that refuses is not asked again, and the next step names the variable."""
    chat.answer = lambda _request: Reply(status)
    with pytest.raises(SourceRefused, match=str(status)) as raised:
        action(to(chat)).run(OCCASION)
    assert "CHAT" in raised.value.hint
    assert len(chat.requests) == 1


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(429), Reply(how="hang"), Reply(how="drip")], ids=["500", "429", "hang", "drip"]
)
def test_what_may_pass(chat: Server, reply: Reply) -> None:
    """A sick channel, a rate limit or silence is over in time, and whoever runs actions comes again."""
    chat.answer = lambda _request: reply
    with pytest.raises(SourceDown):
        action(to(chat), within=AT_ONCE if reply.how != "whole" else timedelta(seconds=10)).run(OCCASION)


def test_no_redirect(chat: Server) -> None:
    """A redirect is not followed: the address holds credentials."""
    chat.answer = lambda _request: Reply(307, headers={"location": f"{chat.url}/elsewhere"})
    with pytest.raises(SourceRefused, match="307"):
        action(to(chat)).run(OCCASION)
    assert len(chat.requests) == 1


@pytest.mark.parametrize("address", ["", "nonsense", "unknown://x/y", "slack://short", "json://"])
def test_no_address(address: str) -> None:
    """What is no address of a channel is refused for good, without being shown."""
    with pytest.raises(SourceRefused, match="CHAT") as raised:
        action(address or " ").run(OCCASION)
    assert not address or address not in raised.value.message


@pytest.mark.parametrize(
    "reply", [Reply(200), Reply(404, KEY.encode()), Reply(500), Reply(how="cut")], ids=["200", "404", "500", "cut"]
)
def test_the_address_is_never_shown(chat: Server, reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """With every library at DEBUG, no log, error, traceback or line holds what is secret in the address."""
    chat.answer = lambda _request: reply
    for name in ("", "apprise", "urllib3", "requests", "gate"):
        caplog.set_level(logging.DEBUG, logger=name)
    shown = []
    try:
        shown.append(action(to(chat)).run(OCCASION))
    except GateError as fault:
        shown += [fault.message, fault.hint, repr(fault), *traceback.format_exception(fault)]
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert not [text for text in shown if KEY in text]
    logging.getLogger("urllib3.connectionpool").debug("others are still heard")
    assert "others are still heard" in caplog.text


def test_told_to_stop(chat: Server) -> None:
    """It lets go at once when the process is told to stop."""
    chat.answer = lambda _request: Reply(how="hang")
    raised: list[int] = []

    def run() -> None:
        try:
            action(to(chat), within=timedelta(hours=1)).run(OCCASION)
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not chat.requests:
            thread.join(0.01)
        interrupt(15)
        thread.join(5)
    finally:
        resume()
    assert raised == [15]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"title": " "}, "title must not be empty"),
        ({"text": "{mood}"}, "text holds {mood}"),
        ({"quote": True}, "quote must not be set without report"),
    ],
)
def test_faults(options: dict[str, Any], fault: str) -> None:
    """What nobody would read is refused before a run."""
    with pytest.raises(ValueError, match=fault):
        Options(to=Secret("${CHAT}"), **options)
