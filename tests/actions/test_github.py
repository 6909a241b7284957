"""What is special in the actions on GitHub: what they say, where, and what nobody can make them say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.actions import github_dispatch, github_issue, github_status
from gate.errors import ActionRefused, GateError
from gate.model import Decision, Outcome
from gate.policy import load_text
from gate.ports import ActionContext
from gate.report.content import Report, Sample
from gate.report.markdown import render
from tests.actions.conformance import LABELS, NOW, OCCASION
from tests.hostile import HOSTILE
from tests.looks import VERDICT
from tests.servers.github import GitHub
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.model import Occasion

EVERYTHING = {"actions": "write", "contents": "write", "deployments": "write", "issues": "write"}


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """GitHub, with a workflow that takes what the tests send."""
    with GitHub(ManualClock(NOW)) as running:
        running.repository.workflows = {"rollback.yml": {"gate-run-id", "release", "reason", "url", "who"}}
        yield running


def run(
    module: Any,  # noqa: ANN401 - that of an action
    hub: GitHub,
    occasion: Occasion = OCCASION,
    may: Mapping[str, str] = EVERYTHING,
    **options: Any,  # noqa: ANN401 - its options
) -> str:
    """Run an action with these options, and a token that may do these things."""
    hub.app.permissions = dict(may)
    token = hub.app.issue(may)
    context = ActionContext(Path(), lambda _reference: token, ManualClock(NOW))
    said: str = module.Action(module.Options(base_url=hub.url, **options), context).run(occasion)
    return said


def test_dispatch_tells_the_workflow(hub: GitHub) -> None:
    """The workflow gets its inputs with facts of the run, on one line each, and the id by which it can tell doubles."""
    odd = replace(OCCASION, verdict=replace(VERDICT, reason="Fail:\x1b[31m a line\n::set-output name=x::y"))
    inputs = {"release": "{release}", "reason": "{code}: {reason}", "who": "{run} {environment}", "url": "{url}"}
    said = run(github_dispatch, hub, odd, workflow="rollback.yml", inputs=inputs)
    (sent,) = hub.repository.dispatched
    assert sent["ref"] == "main"
    assert sent["inputs"] == {
        "gate-run-id": OCCASION.key,
        "release": "#brimly",
        "reason": "share_rose: Fail: a line : :set-output name=x: :y",
        "who": f"{OCCASION.run} production",
        "url": OCCASION.url,
    }
    assert said == "workflow rollback.yml of acme/app started"


def test_dispatch_of_an_input_that_is_not_there(hub: GitHub) -> None:
    """GitHub's refusal comes with what to declare."""
    hub.repository.workflows = {"rollback.yml": set()}
    with pytest.raises(GateError, match="Unexpected inputs") as raised:
        run(github_dispatch, hub, workflow="rollback.yml")
    assert "gate-run-id" in raised.value.hint
    assert "run_input" in raised.value.hint
    assert run(github_dispatch, hub, workflow="rollback.yml", run_input="").endswith("started")


def test_dispatch_of_an_event(hub: GitHub) -> None:
    """Whichever workflows listen get the payload."""
    run(github_dispatch, hub, event="roll-back", inputs={"release": "{release}"})
    assert hub.repository.events == [
        {"event_type": "roll-back", "client_payload": {"release": "#brimly", "gate-run-id": OCCASION.key}}
    ]


def test_a_token_that_may_not_list_runs(hub: GitHub) -> None:
    """Where nobody can tell whether it was started, it is started again: at least once."""
    run(github_dispatch, hub, may={"contents": "write"}, event="roll-back")
    run(github_dispatch, hub, replace(OCCASION, again=True), may={"contents": "write"}, event="roll-back")
    assert len(hub.repository.events) == 2


def test_only_the_cloud_is_asked_for_details() -> None:
    """GitHub itself says which run it started; an older server would refuse the question."""
    context = ActionContext(Path(), lambda _reference: "", ManualClock(NOW))
    for base_url, asked in (
        ("https://api.github.com", True), ("https://api.acme.ghe.com", True), ("https://git.corp.example/api/v3", False)
    ):  # fmt: skip
        options = github_dispatch.Options(workflow="rollback.yml", base_url=base_url)
        (intent,) = github_dispatch.Action(options, context).intents(OCCASION)
        assert intent.where == f"{base_url}/repos/acme/app/actions/workflows/rollback.yml/dispatches"
        assert isinstance(intent.body, dict)
        assert ("return_run_details" in intent.body) == asked


@pytest.mark.parametrize(
    ("outcome", "decision", "state"),
    [
        (Outcome.PASS, Decision.PROMOTE, "success"),
        (Outcome.FAIL, Decision.HALT, "failure"),
        (Outcome.FAIL, Decision.HOLD, "failure"),
        (Outcome.FAIL, Decision.PROMOTE, "success"),
        (Outcome.INCONCLUSIVE, Decision.HOLD, "pending"),
        (Outcome.INCONCLUSIVE, Decision.HALT, "failure"),
        (Outcome.ERROR, Decision.HOLD, "error"),
    ],
)
def test_the_status_of_a_deployment(hub: GitHub, outcome: Outcome, decision: Decision, state: str) -> None:
    """What is to be done makes the state; the description says why within GitHub's limit, and the log is linked."""
    verdict = replace(VERDICT, outcome=outcome, decision=decision, reason="so it is " * 50)
    said = run(github_status, hub, replace(OCCASION, verdict=verdict), deployment="1")
    (status,) = hub.repository.statuses[1]
    assert status["state"] == state
    assert status["log_url"] == OCCASION.url
    assert status["environment"] == "production"
    assert OCCASION.key in status["description"]
    assert said == f"deployment 1 of acme/app is {state}"


def test_the_deployment_is_found(hub: GitHub) -> None:
    """By the environment and the commit of the run; where there is none, it says so and what to do."""
    hub.repository.deployments = {
        7: {"sha": LABELS["commit"], "environment": "production"},
        8: {"sha": "0" * 40, "environment": "production"},
        9: {"sha": LABELS["commit"], "environment": "staging"},
    }
    run(github_status, hub)
    assert set(hub.repository.statuses) == {7}
    with pytest.raises(ActionRefused, match="no deployment to nowhere"):
        run(github_status, hub, environment="nowhere")
    with pytest.raises(ActionRefused, match="no deployment to speak of"):
        run(github_status, hub, replace(OCCASION, labels={"repository": "acme/app"}))
    run(github_status, hub, replace(OCCASION, labels={"repository": "acme/app", "deployment": "9"}))
    assert set(hub.repository.statuses) == {7, 9}


def test_the_deployment_of_another_environment_is_not_the_runs(hub: GitHub) -> None:
    """A policy that names the canary means its newest deployment, though the run knows the one of production that waits."""
    hub.repository.deployments = {
        7: {"sha": LABELS["commit"], "environment": "production"},
        8: {"sha": LABELS["commit"], "environment": "canary"},
    }
    waiting = replace(OCCASION, labels={**LABELS, "deployment": "7"})
    run(github_status, hub, waiting, environment="canary")
    assert set(hub.repository.statuses) == {8}
    run(github_status, hub, waiting)
    run(github_status, hub, waiting, environment="production")
    assert [len(hub.repository.statuses[number]) for number in (7, 8)] == [2, 1]


def test_one_issue_an_incident(hub: GitHub) -> None:
    """While it is open, what comes later is a comment on it; another release or environment is another incident."""
    again = replace(OCCASION, run="other", key="other.9.0")
    elsewhere = replace(again, key="other.9.1", labels={**LABELS, "environment": "staging"})
    assert "opened" in run(github_issue, hub)
    assert "told" in run(github_issue, hub, again)
    assert "opened" in run(github_issue, hub, elsewhere)
    issues = hub.repository.issues.all
    assert [len(each.comments) for each in issues] == [1, 0]
    assert issues[0].labels == ["sentiment-gate"]
    assert f"[The run](<{OCCASION.url}>)" in issues[0].body
    issues[0].state = "closed"
    assert "opened" in run(github_issue, hub, replace(again, key="third.9.0"))


def test_issues_of_strangers_are_not_taken_for_ours(hub: GitHub) -> None:
    """A stranger who copies our mark into an issue of their own cannot set the label, and so hides nothing."""
    run(github_issue, hub)
    ours = hub.repository.issues.all.pop()
    hub.repository.issues.create({"title": "Mine", "body": ours.body})
    assert "opened" in run(github_issue, hub, replace(OCCASION, again=True))


def test_issues_on_later_pages_are_found(hub: GitHub) -> None:
    """However many issues with the label are open, the one of the incident is found."""
    run(github_issue, hub)
    for number in range(150):
        hub.repository.issues.create({"title": f"Other {number}", "body": "x", "labels": ["sentiment-gate"]})
    assert "told" in run(github_issue, hub, replace(OCCASION, key="other.1.0"))


PINGS = re.compile(r"(?<![\w&])@[A-Za-z0-9]")
LINKS = re.compile(
    r"(?<![\w&])#\d|\]\(|https?://(?!gate\.example\.com)|www\.|<(?!!-- sentiment-gate incident|https://gate\.)"
)


def test_hostile_mentions_do_nothing(hub: GitHub) -> None:
    """Quoted in an issue, no mention pings anybody, makes a link, an image or HTML, or ends the hidden mark."""
    texts = [text for _, text in HOSTILE] + [f"@everyone #1 {text}" for _, text in HOSTILE]
    for number, group in enumerate(texts[start : start + 40] for start in range(0, len(texts), 40)):
        samples = tuple(Sample(-0.9, text, "https://evil.example/@you") for text in group)
        report = render(Report(VERDICT, samples=samples))
        labels = {**LABELS, "environment": f"{number} {group[0]}"}
        run(github_issue, hub, replace(OCCASION, key=f"r{number}.1.0", quoting=report, labels=labels), quote=True)
    assert len(hub.repository.issues.all) == -(-len(texts) // 40)
    for issue in hub.repository.issues.all:
        # The links that are meant: to the run, and from a quote to its post.
        body = issue.body.replace(f"[The run](<{OCCASION.url}>)", "").replace(
            "([post](<https://evil.example/@you>))", ""
        )
        assert not PINGS.search(body), body
        assert not LINKS.search(body), body
        assert body.count("<!--") == body.count("-->") == 1
        assert body.rstrip().endswith("-->")


def test_quotes_are_asked_for(hub: GitHub) -> None:
    """What people write is put into an issue only where the policy says so: GitHub keeps it."""
    run(github_issue, hub)
    assert "What users write" not in hub.repository.issues.all[0].body


def test_a_title_names_nobody(hub: GitHub) -> None:
    """Neither a release nor a label makes a name or a number of the title."""
    run(github_issue, hub, replace(OCCASION, labels={**LABELS, "ref": "@everyone #1"}), title="{release} {ref}")
    assert not re.search(r"[@#]\w", hub.repository.issues.all[0].title)


def test_no_repository_is_guessed(hub: GitHub) -> None:
    """Without a name in the policy or a label of the run, or with one that is a path, nothing is sent anywhere."""
    for name in ("", "acme", "acme/../../user", "acme/app/issues", "acme/app?x"):
        with pytest.raises(ActionRefused, match="no repository"):
            run(github_dispatch, hub, replace(OCCASION, labels={"repository": name}), workflow="rollback.yml")
    assert hub.requests == []


POLICY = """\
version: 1
sources: [{{type: file, path: m.jsonl}}]
on: {{inconclusive: hold, error: hold}}
actions: {{fail: [{action}]}}
"""


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        ("{type: github-dispatch}", "give either workflow or event"),
        ("{type: github-dispatch, workflow: a.yml, event: b}", "give either workflow or event"),
        ("{type: github-dispatch, workflow: ../../../user}", "must be the name of a file"),
        ("{type: github-dispatch, workflow: a.yml, inputs: {x: '{secret}'}}", "which nobody fills"),
        ("{type: github-dispatch, workflow: a.yml, inputs: {gate-run-id: x}}", "which is filled in"),
        ("{type: github-dispatch, event: e, inputs: {a: a, b: a, c: a, d: a, e: a, f: a, g: a, h: a, i: a, j: a}}", "at most 10"),
        ("{type: github-dispatch, workflow: a.yml, token: ghp_0123456789abcdefghij}", "secret"),
        ("{type: github-dispatch, workflow: a.yml, base_url: 'http://api.github.com'}", "must use https"),
        ("{type: github-status, deployment: main}", "the number of a deployment"),
        ("{type: github-status, environment_url: 'javascript:alert(1)'}", "must be an https address"),
        ("{type: github-issue, labels: []}", "at least one"),
        ("{type: github-issue, title: '{mention}'}", "which nobody fills"),
        ("{type: github-issue, repository: acme}", "must be written owner/name"),
    ],
)  # fmt: skip
def test_options_that_cannot_work(action: str, fault: str) -> None:
    """They are refused when the policy is read, not when the release has failed."""
    with pytest.raises(GateError, match=fault):
        load_text(POLICY.format(action=action))
