"""What Microsoft's retired Twitter sentiment gate did wrong, this one does not.

The gate of Azure Pipelines, withdrawn in 2023, asked for one page of posts with a hashtag, had them scored from 0 to 1, took
the mean weighted by likes and reposts, and passed if ``NumberOfTweetsParsed`` was 0 or the mean above a threshold. Its
source is in microsoft/azure-pipelines-extensions, Extensions/TwitterSentimentAnalysis, up to October 2023. Each test
here is one of its defects, as whoever runs ``gate check`` would notice it; ``retired`` says what that gate made of the same.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gate.clock import SystemClock
from tests.cli.commands import BAD, DEPLOY, GOOD, POLICY, history, line, project
from tests.cli.in_process import Done, runner
from tests.servers.http_server import Recorded, Reply
from tests.servers.x_api import SEARCH, TOKEN, XApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHECK = ("check", "--json", "--deployed-at", DEPLOY.isoformat())
THRESHOLD = 0.5
PASS, FAIL, INCONCLUSIVE, ERROR = 0, 10, 11, 12
COPY = "this update of acme broke everything for me and my whole team today"
ON_X = """\
version: 1
release: acme24
sources:
  - {{type: x, base_url: "{url}", probe: false}}
window: {{settle: 1m, length: 30m, every: 5m}}
baseline: {{length: 12h}}
minimum: {{mentions: 20, authors: 10}}
on: {{inconclusive: hold, error: hold}}
"""


class Told(NamedTuple):
    """What the gate said."""

    code: int
    verdict: dict[str, Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run ``gate`` in the test's folder."""
    return runner(tmp_path, monkeypatch, capsys, X_BEARER_TOKEN=TOKEN)


@pytest.fixture
def check(tmp_path: Path, run: Callable[..., Done]) -> Callable[..., Told]:
    """Run ``gate check`` on what was written, by a policy."""

    def checked(lines: list[str], policy: str = POLICY, *words: str) -> Told:
        project(tmp_path, lines, policy)
        done = run(*CHECK, *words)
        return Told(done.returncode, json.loads(done.stdout))

    return checked


def after(texts: list[str], **fields: object) -> list[str]:
    """Write what was posted since the deploy, each by somebody else."""
    step = timedelta(minutes=28) / max(len(texts), 1)
    return [line(5000 + i, DEPLOY + i * step + timedelta(seconds=61), text, **fields) for i, text in enumerate(texts)]


def before(bad: float = 0.2, number: int = 140) -> list[str]:
    """Write what was posted on the day before."""
    return [
        line(i, DEPLOY - timedelta(minutes=10 * (i + 1)), BAD if i % 10 < 10 * bad else GOOD) for i in range(number)
    ]


def retired(lines: list[str]) -> bool:
    """Return whether the retired gate would have passed it; bad posts score 0, good ones 1."""
    posts = [json.loads(each) for each in lines]
    new = [each for each in posts if each["created_at"] > DEPLOY.isoformat()]
    weights = [max(1, each.get("likes", 0) + each.get("reposts", 0)) for each in new]
    bad = [BAD in each["text"] or COPY in each["text"] for each in new]
    scored = [weight * (not unhappy) for unhappy, weight in zip(bad, weights, strict=True)]
    return not new or sum(scored) / sum(weights) > THRESHOLD


def test_zero_mentions_do_not_pass(check: Callable[..., Told]) -> None:
    """Nobody wrote anything: that passed; here the release is held, and the verdict says that it is silence."""
    told = check(before())
    assert retired(before())
    assert (told.code, told.verdict["outcome"], told.verdict["decision"]) == (INCONCLUSIVE, "inconclusive", "hold")
    assert "0 mentions since the deploy" in told.verdict["reason"]


@pytest.fixture
def x() -> Iterator[tuple[XApi, str]]:
    """X's search with its address: users were well before the deploy, half an hour ago, and are well now."""
    api = XApi(SystemClock().now)
    deployed = api.now() - timedelta(minutes=31)
    for i in range(60):
        api.write(deployed - timedelta(minutes=10 * (i + 1)), f"acme24 {GOOD}")
    with api.server() as server:
        yield api, server.url


@pytest.mark.parametrize("status", [401, 403])
def test_an_outage_is_no_bad_mood(tmp_path: Path, run: Callable[..., Done], x: tuple[XApi, str], status: int) -> None:
    """An API that refused failed a release exactly as unhappy users do; here it is an error of its own, with the source."""
    api, url = x
    api.before_answer = lambda _: Reply.of({"title": "Refused", "detail": "Refused", "status": status}, status)
    (tmp_path / "gate.yml").write_text(ON_X.format(url=url))
    done = run("check", "--json", "--deployed-at", "31m ago")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["outcome"], verdict["decision"]) == (ERROR, "error", "hold")
    assert "x" in verdict["reason"].split()[0] or str(status) in verdict["reason"]
    assert verdict["coverage"][0]["complete"] is False


@pytest.mark.parametrize("rules", ["", "rules: [{type: threshold, metric: mean_score, min: 0.0}]\n"])
def test_one_post_does_not_decide(check: Callable[..., Told], rules: str) -> None:
    """A single angry post failed a release; here it takes as many as the policy says, whatever the rule."""
    lines = [*before(), *after([BAD])]
    assert not retired(lines)
    told = check(lines, POLICY + rules)
    assert (told.code, told.verdict["code"]) == (INCONCLUSIVE, "too_few_mentions")


def test_there_is_a_baseline(check: Callable[..., Told]) -> None:
    """Users who were always grumpy failed every release; here only what became worse counts."""
    lines = [*before(0.7), *after([GOOD if i % 10 >= 7 else BAD for i in range(58)])]
    assert not retired(lines)
    told = check(lines)
    assert told.code == PASS
    assert told.verdict["tally"]["share_before"] == pytest.approx(told.verdict["tally"]["share_after"], abs=0.03)


def test_what_became_worse_counts(check: Callable[..., Told]) -> None:
    """The other way round: users who were happy, and of whom four in ten are not any more, passed; here they fail."""
    texts = [BAD if i % 10 < 4 else GOOD for i in range(400)]
    lines = [*before(0.0, 1400 // 10), *after(texts)]
    assert retired(lines)
    assert check(lines).code == FAIL


def test_engagement_has_no_weight(check: Callable[..., Told]) -> None:
    """A few posts with a million likes outweighed all others; here everybody has one vote, and likes change no number."""
    texts = [BAD if i % 20 == 0 else GOOD for i in range(58)]
    plain = [*before(0.05), *after(texts)]
    liked = [
        json.dumps({**each, "likes": 1_000_000, "reposts": 50_000}) if BAD in each["text"] else json.dumps(each)
        for each in map(json.loads, plain)
    ]
    assert retired(plain)
    assert not retired(liked)
    first, second = check(plain), check(liked)
    assert first.code == second.code == PASS
    assert [first.verdict[name] for name in ("tally", "odds")] == [second.verdict[name] for name in ("tally", "odds")]


def test_the_order_of_posts_changes_nothing(check: Callable[..., Told]) -> None:
    """Weights were looked up in another list than posts, so that an old post before a new one shifted all of them."""
    lines = history(0.9)
    mixed = random.Random(7).sample(lines, len(lines))
    first, second = check(lines), check(mixed)
    assert first.code == FAIL
    assert {**first.verdict, "run": ""} == {**second.verdict, "run": ""}


def test_exactly_the_bound_is_within(check: Callable[..., Told]) -> None:
    """The README said "less than" and the code failed equality; here the bound itself is within, and one post more is not."""
    rule = POLICY + "rules: [{type: threshold, metric: negative_share, max: 0.5}]\n"
    even = [*before(), *after([GOOD, BAD] * 30)]
    assert not retired(even)
    told = check(even, rule)
    assert (told.code, told.verdict["tally"]["share_after"]) == (PASS, 0.5)
    over = [*before(), *after([*[GOOD, BAD] * 30, BAD])]
    assert check(over, rule).code == FAIL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "near_duplicate"),
        ({"author": "one-and-the-same"}, "author_voted"),
        ({"author_created_at": (DEPLOY - timedelta(hours=2)).isoformat()}, "account_age"),
        ({"text": f"giveaway {BAD}"}, "blocked_word"),
    ],
    ids=["copies", "one author", "new accounts", "off topic"],
)
def test_a_campaign_is_no_mood(check: Callable[..., Told], fields: dict[str, object], reason: str) -> None:
    """Nothing was filtered; here copies, one loud author, accounts made for it and what is off the topic count once or never."""
    calm = after([GOOD] * 40)
    flood = [
        json.dumps({**json.loads(each), "id": f"f{i}", "author": f"f{i}", **fields})
        for i, each in enumerate(after([COPY if reason == "near_duplicate" else BAD] * 60))
    ]
    filters = "filters: {min_account_age: 7d, drop: [giveaway]}\n"
    lines = [*before(), *calm, *flood]
    assert not retired(lines)
    told = check(lines, POLICY + filters)
    assert told.code == PASS
    (coverage,) = told.verdict["coverage"]
    assert coverage["dropped"][reason] >= 55
    assert coverage["kept"] + sum(coverage["dropped"].values()) == coverage["fetched"]


def test_evidence_is_kept(tmp_path: Path, run: Callable[..., Done], check: Callable[..., Told]) -> None:
    """Nothing was kept but a number; here a pack decides again to the same verdict, and the log shows it was not changed."""
    told = check(history(0.9), POLICY, "--evidence", "pack")
    assert told.code == FAIL
    (tmp_path / "mentions.jsonl").unlink()
    again = run("replay", "pack", "--json")
    assert (again.returncode, json.loads(again.stdout)["verdict"]["reason"]) == (FAIL, told.verdict["reason"])
    assert run("log", "last", "--verify").returncode == 0


def test_secrets_stay_in_a_header(tmp_path: Path, run: Callable[..., Done], x: tuple[XApi, str]) -> None:
    """Keys stood in bodies and in an address; here the token is in one header, and in nothing that is kept or printed."""
    api, url = x
    asked: list[Recorded] = []
    api.before_answer = asked.append
    (tmp_path / "gate.yml").write_text(ON_X.format(url=url))
    done = run("check", "--deployed-at", "31m ago", "--evidence", "pack")
    assert asked
    for request in asked:
        assert TOKEN not in request.target
        assert TOKEN.encode() not in request.body
        assert [name for name, value in request.headers.items() if TOKEN in value] == ["authorization"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"gate.yml", "gate.db"} < {path.name for path in kept}
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
    assert TOKEN not in done.stdout + done.stderr


def test_a_token_is_refused_where_others_read_it(tmp_path: Path, run: Callable[..., Done]) -> None:
    """A token that is written into the policy stops the gate before anything is asked, and is not repeated."""
    policy = ON_X.format(url="https://api.example").replace("probe: false", f"bearer_token: {TOKEN}")
    (tmp_path / "gate.yml").write_text(policy)
    done = run("check")
    assert done.returncode == 2
    assert "${" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_all_pages_are_read(tmp_path: Path, run: Callable[..., Done], x: tuple[XApi, str]) -> None:
    """The newest hundred posts were all it saw; here all are heard, however many pages that takes."""
    api, url = x
    deployed = api.now() - timedelta(minutes=31)
    for i in range(250):
        api.write(deployed + timedelta(minutes=2, seconds=i / 2), f"acme24 {GOOD} number {i}")
    (tmp_path / "gate.yml").write_text(ON_X.format(url=url) + "filters: {near_duplicates: keep}\n")
    verdict = json.loads(run("check", "--json", "--deployed-at", "31m ago").stdout)
    assert verdict["tally"]["mentions_post"] == 250
    assert api.limits[SEARCH] < 450 - 3
