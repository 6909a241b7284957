"""The scorer ``http`` against a real server: what is sent, what is read, and every way it can go wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.clock import SystemClock
from gate.errors import ScorerFault, SourceRefused
from gate.policy import load_text, resolve_secret
from gate.ports import ScorerContext, Secret
from gate.scorers.http import Options, Scorer
from gate.scorers.http.template import Template
from tests.hostile import HOSTILE
from tests.servers.http_server import Recorded, Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.ports import Clock
    from tests.servers.http_server import How

EXAMPLES = Path(__file__).parents[2] / "examples" / "scorers"
KEY = "k3y-of-the-service"


def context(clock: Clock | None = None, environ: Mapping[str, str] | None = None) -> ScorerContext:
    """Build a context with secrets of its own."""
    return ScorerContext(Path(), lambda name: resolve_secret(name, environ or {}), clock or ManualClock())


def plain(url: str, **changes: Any) -> Options:  # noqa: ANN401 - any option
    """Describe the simplest service: a list of texts in, a list of probabilities out."""
    options = Options(url=url, request='{"texts": ["{text}"]}', results="scores", negative="n", positive="p")
    return replace(options, **changes)


def echo(request: Recorded) -> Reply:
    """Answer as the simplest service does: texts with "bad" in them are negative."""
    texts = json.loads(request.body)["texts"]
    return Reply.of({"scores": [{"n": 0.9, "p": 0.05} if "bad" in text else {"n": 0.1, "p": 0.6} for text in texts]})


def azure(request: Recorded) -> Reply:
    """Answer in the shape of Azure AI Language; documents in another order, and "unreadable" ones as errors."""
    documents = json.loads(request.body)["analysisInput"]["documents"]
    read = [each for each in documents if each["text"] != "unreadable"]
    results = []
    for each in reversed(read):
        bad = "bad" in each["text"]
        scores = (
            {"positive": 0.02, "neutral": 0.05, "negative": 0.93}
            if bad
            else {"positive": 0.9, "neutral": 0.1, "negative": 0.0}
        )
        results.append(
            {"id": each["id"], "sentiment": "mixed", "confidenceScores": scores, "sentences": [], "warnings": []}
        )
    errors = [
        {"id": each["id"], "error": {"code": "InvalidArgument", "message": "Invalid document in request."}}
        for each in documents
        if each not in read
    ]
    inner = {"documents": results, "errors": errors, "modelVersion": "2024-03-01"}
    return Reply.of({"kind": "SentimentAnalysisResults", "results": inner})


def comprehend(request: Recorded) -> Reply:
    """Answer in the shape of Amazon Comprehend's BatchDetectSentiment."""
    texts = json.loads(request.body)["TextList"]
    results = [
        {
            "Index": number,
            "Sentiment": "NEGATIVE" if "bad" in text else "POSITIVE",
            "SentimentScore": {"Positive": 0.1, "Negative": 0.7, "Neutral": 0.15, "Mixed": 0.05}
            if "bad" in text
            else {"Positive": 0.8, "Negative": 0.05, "Neutral": 0.1, "Mixed": 0.05},
        }
        for number, text in enumerate(texts)
        if text != "unreadable"
    ]
    errors = [
        {"Index": number, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "Internal server error"}
        for number, text in enumerate(texts)
        if text == "unreadable"
    ]
    return Reply.of({"ResultList": results, "ErrorList": errors})


def example(name: str, url: str) -> Options:
    """Read the scorer of an example as a policy does, and point it at the test's server."""
    options = load_text((EXAMPLES / name).read_text(encoding="utf-8"), path=name).scorer.options
    assert isinstance(options, Options)
    return replace(options, url=url)


def test_azure_needs_no_code() -> None:
    """The Azure example sends the documented request in tens, with its key, and matches replies by id."""
    with Server(answer=azure) as server:
        options = example("azure-ai-language.yml", server.url + "/language/:analyze-text?api-version=2023-04-01")
        scorer = Scorer(options, context(environ={"AZURE_LANGUAGE_KEY": KEY}))
        scores = scorer.score(["bad app", "", "fine app", "unreadable", *["fine"] * 9])
    first, second = server.requests
    assert first.headers["ocp-apim-subscription-key"] == KEY
    assert first.query == {"api-version": "2023-04-01"}
    body = json.loads(first.body)
    assert body["kind"] == "SentimentAnalysis"
    assert body["analysisInput"]["documents"][1] == {"id": "1", "language": "en", "text": "fine app"}
    assert [len(json.loads(each.body)["analysisInput"]["documents"]) for each in (first, second)] == [10, 2]
    assert scores[0] is not None
    assert (scores[0].negative, scores[0].neutral, scores[0].positive) == (0.93, 0.05, 0.02)
    assert scores[0].score == pytest.approx(-0.91)
    assert (scores[1], scores[3]) == (None, None)
    assert all(score and score.negative == 0.0 for score in scores[4:])


def test_comprehend_needs_no_code() -> None:
    """The Comprehend example sends the documented request to whatever signs it, and reads the batch reply."""
    with Server(answer=comprehend) as server:
        scorer = Scorer(example("amazon-comprehend.yml", server.url + "/"), context())
        bad, unreadable, fine = scorer.score(["bad app", "unreadable", "fine app"])
    (request,) = server.requests
    assert request.headers["x-amz-target"] == "Comprehend_20171127.BatchDetectSentiment"
    assert request.headers["content-type"] == "application/x-amz-json-1.1"
    assert json.loads(request.body) == {"LanguageCode": "en", "TextList": ["bad app", "unreadable", "fine app"]}
    assert unreadable is None
    assert bad
    assert fine
    assert (bad.negative, fine.negative) == (0.7, 0.05)
    assert bad.neutral == pytest.approx(0.2)


def test_one_number_on_any_scale() -> None:
    """A service with one number per text is mapped from its own scale; batch_size 1 needs no list."""
    with Server(Reply.of({"badness": 4}), Reply.of({"badness": 0})) as server:
        options = Options(
            url=server.url,
            request='{"text": "{text}"}',
            results="[@]",
            score="badness",
            lowest=4,
            highest=0,
            batch_size=1,
        )
        worst, best = Scorer(options, context()).score(["a", "b"])
    assert worst
    assert best
    assert (worst.negative, worst.score) == (1.0, -1.0)
    assert (best.negative, best.score) == (0.0, 1.0)


def test_hostile_texts_stay_texts() -> None:
    """Whatever people write arrives as one JSON string, cut to the limit, and nothing of it becomes structure."""
    texts = [text for _, text in HOSTILE]
    with Server(answer=echo) as server:
        scores = Scorer(plain(server.url, batch_size=50, max_bytes=200), context()).score(texts)
    sent = [text for request in server.requests for text in json.loads(request.body)["texts"]]
    assert len(sent) == sum(bool(text.strip()) for text in texts)
    assert all(len(text.encode()) <= 200 for text in sent)
    assert [score is None for score in scores] == [not text.strip() for text in texts]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_template_puts_texts_in_place(texts: list[str]) -> None:
    """Texts and numbers land where the template says, and a text that looks like a placeholder is left alone."""
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    template = Template('{"fixed": ["{id}"], "items": [{"kind": "head"}, {"n": "{id}", "t": "<{text}>"}]}')
    filled = json.loads(template.filled([*clean, "{id}"]))
    assert filled["fixed"] == ["{id}"]
    assert filled["items"][0] == {"kind": "head"}
    assert [each["t"] for each in filled["items"][1:]] == [f"<{text}>" for text in [*clean, "{id}"]]
    assert [each["n"] for each in filled["items"][1:]] == [str(number) for number in range(len(clean) + 1)]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(body=b"<html>Sign in</html>"), "20 bytes that are no JSON"),
        (Reply(), "answered with nothing"),
        (Reply.of([]), "results is absent or null"),
        (Reply.of({"scores": {"n": 1}}), "results is an object"),
        (Reply.of({"scores": []}), "0 results for 1 texts"),
        (Reply.of({"scores": [{"n": 0.1, "p": 0.2}] * 2}), "2 results for 1 texts"),
        (Reply.of({"scores": [{"n": 0.1}]}), "positive is absent or null"),
        (Reply.of({"scores": [{"n": "0.1", "p": 0.2}]}), "negative is text"),
        (Reply.of({"scores": [{"n": True, "p": 0.2}]}), "negative is true or false"),
        (Reply.of({"scores": [{"n": float("nan"), "p": 0.2}]}), "negative is a number"),
        (Reply.of({"scores": [{"n": 10**400, "p": 0.2}]}), "negative is a number"),
        (Reply.of({"scores": [{"n": 93, "p": 2}]}), "negative is 93"),
        (Reply.of({"scores": [{"n": 0.9, "p": 0.9}]}), "add up to more than 1"),
        (Reply(body=b"[" * 100_000), "no JSON"),
        (Reply.of({"error": "bad key"}, 401), "answered 401"),
        (Reply(302, headers={"location": "https://elsewhere.example/"}), "answered 302"),
        (Reply.of({}, 400), "answered 400"),
    ],
)
def test_no_answer_is_never_neutral(reply: Reply, said: str) -> None:
    """Whatever is not a proper score is an error with its reason, and nothing is sent twice or elsewhere."""
    with Server(reply) as server, pytest.raises(ScorerFault, match=said) as caught:
        Scorer(plain(server.url), context()).score(["hello"])
    assert len(server.requests) == 1
    assert caught.value.hint


@pytest.mark.parametrize("how", ["cut", "drip", "drip-headers", "hang"])
def test_slow_and_broken_answers_end_in_time(how: How) -> None:
    """A service that trickles, hangs or breaks off is given up at the deadline."""
    with Server(Reply(body=b'{"scores": []}', how=how)) as server, pytest.raises(ScorerFault):
        Scorer(plain(server.url, timeout=timedelta(seconds=0.5)), context(SystemClock())).score(["hello"])


def test_a_huge_answer_is_refused() -> None:
    """A body past the cap is not read to its end."""
    with Server(Reply(body=b" " * 9_000_000)) as server, pytest.raises(ScorerFault, match="larger than"):
        Scorer(plain(server.url), context()).score(["hello"])


def test_a_busy_service_is_asked_again() -> None:
    """After 429 the wait it asks for is kept, after 503 a growing one, all within the timeout."""
    clock = ManualClock()
    began = clock.now()
    good = Reply.of({"scores": [{"n": 0.2, "p": 0.3}]})
    with Server(Reply.of({}, 429, retry_after="7"), Reply.of({}, 503), good) as server:
        (score,) = Scorer(plain(server.url), context(clock)).score(["hello"])
    assert score
    assert score.negative == 0.2
    assert len(server.requests) == 3
    assert clock.now() - began == timedelta(seconds=7 + 14)


@pytest.mark.parametrize(("wait", "requests"), [("3600", 1), ("1", 4)])
def test_a_busy_service_is_given_up(wait: str, requests: int) -> None:
    """A wait past the timeout is not begun, and nobody is asked for ever."""
    with Server(Reply.of({}, 429, retry_after=wait)) as server, pytest.raises(ScorerFault, match="answered 429"):
        Scorer(plain(server.url), context()).score(["hello"])
    assert len(server.requests) == requests


def test_the_budget_holds() -> None:
    """Not one request more than max_requests is sent, further tries included."""
    with Server(answer=echo) as server, pytest.raises(ScorerFault, match="max_requests"):
        Scorer(plain(server.url, batch_size=1, max_requests=2), context()).score(["a", "b", "c"])
    assert len(server.requests) == 2


def test_a_service_that_refuses_nearly_all_is_broken() -> None:
    """One refused text is dropped; a service that reads none of them is an error, not silence."""
    with Server(answer=azure) as server:
        url = server.url + "/"
        scorer = Scorer(example("azure-ai-language.yml", url), context(environ={"AZURE_LANGUAGE_KEY": KEY}))
        assert scorer.score(["unreadable"]) == [None]
        with pytest.raises(ScorerFault, match="cannot read"):
            scorer.score(["unreadable"] * 5)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"r": [{"i": 0, "n": 0.1, "p": 0.1}]}, "left out 1 of 2 texts"),
        ({"r": [{"i": 0, "n": 0.1, "p": 0.1}] * 2}, "twice for the same text"),
        ({"r": [{"i": 0, "n": 0.1, "p": 0.1}, {"i": 2, "n": 0.1, "p": 0.1}]}, "was not sent"),
        ({"r": [{"i": 0, "n": 0.1, "p": 0.1}, {"i": True, "n": 0.1, "p": 0.1}]}, "was not sent"),
    ],
)
def test_every_text_gets_its_own_score(reply: object, said: str) -> None:
    """A text left out, answered twice or never sent is found by its number."""
    with Server(Reply.of(reply)) as server, pytest.raises(ScorerFault, match=said):
        Scorer(plain(server.url, results="r", id="i"), context()).score(["a", "b"])


def test_the_token_shows_nowhere() -> None:
    """The token travels in its header alone; a service that quotes it back does not bring it into a message."""

    def quoting(request: Recorded) -> Reply:
        return Reply.of({"you sent": request.headers["authorization"]}, 403)

    options = {"token": Secret("${SERVICE_KEY}")}
    with Server(answer=quoting) as server, pytest.raises(ScorerFault) as caught:
        Scorer(plain(server.url, **options), context(environ={"SERVICE_KEY": KEY})).score(["a"])
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(caught.value) + caught.value.hint
    assert KEY not in server.requests[0].body.decode()


def test_a_missing_token_is_said_before_anything_is_sent() -> None:
    """Without its secret the scorer sends nothing, and names the variable."""
    with Server(answer=echo) as server, pytest.raises(ScorerFault, match="SERVICE_KEY is not set") as caught:
        Scorer(plain(server.url, token=Secret("${SERVICE_KEY}")), context()).score(["a"])
    assert not isinstance(caught.value, SourceRefused)
    assert server.requests == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://scores.example/"}, "url must use https"),
        ({"url": "https://me:pass@scores.example/"}, "url must hold no user name"),
        ({"url": "scores.example"}, "url must be an https address"),
        ({"request": "{"}, "request is not JSON"),
        ({"request": '{"a": "b"}'}, "in exactly one value, not in 0"),
        ({"request": '["{text}", "{text}"]'}, "in exactly one value, not in 2"),
        ({"request": '{"a": "{text}"}'}, "batch_size must be 1"),
        ({"negative": "", "positive": ""}, "either negative and positive"),
        ({"score": "s"}, "either negative and positive"),
        ({"negative": "", "positive": "", "score": "s", "lowest": 1.0}, "lowest and highest must differ"),
        ({"results": "a..b"}, "results is no JMESPath"),
        ({"results": ""}, "results must not be empty"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers must be plain ASCII"),
        ({"headers": {"X A": "a"}}, "names that HTTP allows"),
        ({"batch_size": 0}, "batch_size and max_requests"),
        ({"max_bytes": 1}, "max_bytes"),
        ({"timeout": timedelta(0)}, "timeout must be above"),
    ],
)
def test_options_that_cannot_work_are_refused(changes: dict[str, Any], said: str) -> None:
    """A policy with an impossible option is refused when it is read, with the option's name."""
    with pytest.raises(ValueError, match=said):
        plain(**{"url": "https://scores.example/"} | changes)
