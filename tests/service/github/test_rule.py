"""A deployment that waits is answered, whatever happens, once, and told how it stands meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.model import Decision
from gate.runs import Runs
from gate.runs.delivering import HELD
from gate.service.github.rule import rule_of
from gate.store import State
from tests.runs.world import mentions
from tests.servers.github import LIMITED, SHA
from tests.servers.http_server import Reply
from tests.service.github.held import ON, PAGE, POLICY, Broken
from tests.support import DEPLOY

if TYPE_CHECKING:
    from tests.service.github.held import Place

HOUR = timedelta(hours=1)
OUTAGES = {
    "error": Reply(500),
    "limited": LIMITED,
    "cut": Reply(200, b"{}  ", {}, how="cut"),
    "unauthorized": Reply.of({"message": "Bad credentials"}, 401),
    "forbidden": Reply.of({"message": "Resource not accessible by integration"}, 403),
}


def quiet(place: Place) -> None:
    """Have nobody write anything after the deploy."""
    place.world.source.mentions = mentions(after=0)


@pytest.mark.parametrize(("share", "state"), [(0.9, "rejected"), (0.0, "approved")])
def test_verdicts(place: Place, share: float, state: str) -> None:
    """A release that does harm is rejected and one that does none approved, with the reason and a link."""
    place.world.source.mentions = mentions(share)
    waiting = place.hub.hold()
    run_id = place.ended(waiting)
    assert waiting.state == state
    ((_, comment),) = waiting.reviews
    assert f"Sentiment Gate: {state}" in comment
    assert f"{PAGE}/runs/{run_id}" in comment
    assert "negative" in comment
    assert [each.state for each in place.store.deliveries(run_id)] == ["delivered"]


def test_what_the_run_knows(place: Place) -> None:
    """Labels say what is deployed where; the log says what was sent, and verifies."""
    waiting = place.hub.hold(run=31, environment="production")
    run_id = place.ended(waiting)
    labels = place.store.run(run_id).labels
    assert labels == {"repository": "acme/app", "environment": "production", "commit": SHA, "ref": "main",
                      "actor": "octo-dev", "deployment": "1031", "github_run": "31"}  # fmt: skip
    assert [event.data["sent"] for event in place.said(run_id)] == ["comment", "rejected"]
    assert place.said(run_id)[-1].data["comment"] == waiting.reviews[0][1]
    assert list(place.store.verify(run_id)) == []


def test_it_says_that_it_watches(place: Place) -> None:
    """As soon as the run has begun the job's page says so, and until when."""
    waiting = place.hub.hold()
    place.run_of(waiting)
    (comment,) = waiting.comments
    assert "until 2026-03-10 14:30 UTC" in comment


def test_redeliveries_are_one_run(place: Place) -> None:
    """The same event again, before and after it was taken up, orders nothing new."""
    webhook = place.hub.webhook(place.hub.hold())
    for _ in range(3):
        place.take(webhook)
        place.rule.round()
    assert len(place.store.page().lines) == 1


def test_two_environments_of_one_workflow(place: Place) -> None:
    """Each environment that waits is answered for itself."""
    one, two = place.hub.hold(environment="eu"), place.hub.hold(environment="us")
    first, second = place.run_of(one), place.run_of(two)
    place.world.watch(first)
    place.world.tell(first)
    assert (one.state, two.state) == ("rejected", "waiting")
    place.world.watch(second)
    place.world.tell(second)
    assert two.state == "rejected"


@pytest.mark.parametrize(("on", "state"), [("promote", "approved"), ("halt", "rejected"), ("hold", "waiting")])
def test_inconclusive_is_what_the_policy_says(place: Place, on: str, state: str) -> None:
    """What an inconclusive end means stands in the policy, and nowhere else."""
    place.write("named", POLICY + f"on: {{inconclusive: {on}, error: hold}}\n")
    quiet(place)
    waiting = place.hub.hold()
    place.ended(waiting)
    assert waiting.state == state


def test_held_until_a_person_approves(place: Place) -> None:
    """A held deployment waits, is told so once, and goes on when somebody approves it."""
    quiet(place)
    waiting = place.hub.hold()
    run_id = place.ended(waiting)
    place.world.delivering.deliver(run_id)
    assert [("held" in each, "Approve or reject" in each) for each in waiting.comments[1:]] == [(True, True)]
    assert place.store.deliveries(run_id)[0].fault == HELD
    place.world.runs.approve(run_id, "Ada", "seen the forum *myself*")
    assert place.world.delivering.deliver(run_id) is None
    ((state, comment),) = waiting.reviews
    assert state == "approved"
    assert "Approved by Ada" in comment
    assert "*myself*" not in comment


def test_held_and_nobody_decides(place: Place) -> None:
    """What nobody decides is rejected before GitHub gives up, and run, log and GitHub say the same."""
    quiet(place)
    waiting = place.hub.hold()
    run_id = place.ended(waiting)
    place.pass_to(DEPLOY + timedelta(days=28, hours=20))
    assert waiting.state == "waiting"
    place.pass_to(DEPLOY + timedelta(days=28, hours=22, minutes=1))
    place.world.delivering.deliver(run_id)
    assert waiting.state == "rejected"
    assert place.store.run(run_id).decision is Decision.HALT
    assert "nobody has decided" in waiting.reviews[0][1]


def test_held_without_rounds(place: Place) -> None:
    """Even where the rounds have stopped, the outbox alone rejects at last what was held."""
    quiet(place)
    waiting = place.hub.hold()
    run_id = place.ended(waiting)
    next_at = place.world.delivering.deliver(run_id)
    assert next_at == DEPLOY + timedelta(days=28, hours=23)
    place.clock.time = next_at
    assert place.world.delivering.deliver(run_id) is None
    assert waiting.state == "rejected"


def test_a_window_longer_than_github_waits(place: Place) -> None:
    """A run that somebody extended past GitHub's patience is rejected before that is over."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.runs.extend(run_id, "Ada", "few posts", DEPLOY + timedelta(days=30))
    place.pass_to(DEPLOY + timedelta(days=28, hours=22, minutes=1))
    place.world.delivering.deliver(run_id)
    assert waiting.state == "rejected"


def test_a_run_that_is_cancelled(place: Place) -> None:
    """A cancelled run is a rejection at once: nobody could override it."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.runs.cancel(run_id, "Ada", "wrong commit")
    place.world.delivering.deliver(run_id)
    assert waiting.state == "rejected"
    assert "wrong commit" in waiting.reviews[0][1]


@pytest.mark.parametrize(("on", "state"), [("promote", "approved"), ("halt", "rejected"), ("hold", "waiting")])
def test_a_run_that_broke(place: Place, on: str, state: str) -> None:
    """Where the gate itself breaks, the policy's word about errors counts."""
    place.write("named", POLICY + f"on: {{inconclusive: hold, error: {on}}}\n")
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.store.break_off(run_id, "RuntimeError")
    place.world.delivering.deliver(run_id)
    assert place.store.run(run_id).state is State.BROKEN
    assert waiting.state == state


def test_a_dry_run_approves(place: Place) -> None:
    """A dry run holds nobody up, and says that it is one."""
    place.write("named", POLICY + ON + "dry_run: true\n")
    waiting = place.hub.hold()
    place.ended(waiting)
    ((state, comment),) = waiting.reviews
    assert state == "approved"
    assert "dry run" in comment


@pytest.mark.parametrize(
    ("path", "outage"),
    [
        *(("/deployment_protection_rule", outage) for outage in OUTAGES),
        ("/access_tokens", "error"),
        ("/access_tokens", "forbidden"),
    ],
)
def test_github_is_away_for_a_while(place: Place, path: str, outage: str) -> None:
    """The answer is sent when GitHub is back, once, whatever it said meanwhile."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.watch(run_id)
    place.clock.time += 2 * HOUR  # No token is held any more.
    place.hub.trouble("POST", path, OUTAGES[outage], times=3)
    place.world.tell(run_id)
    assert [state for state, _ in waiting.reviews] == ["rejected"]
    assert [each.state for each in place.store.deliveries(run_id)] == ["delivered"]


def test_an_answer_that_is_lost(place: Place) -> None:
    """Where GitHub took the review and its answer was lost, one review stands, and the log says what became of it."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.watch(run_id)
    place.hub.trouble("POST", "/deployment_protection_rule", Reply(200, b"{}  ", how="cut"), done=True)
    place.world.tell(run_id)
    assert [state for state, _ in waiting.reviews] == ["rejected"]
    (delivery,) = place.store.deliveries(run_id)
    assert (delivery.state, "decided already" in delivery.fault) == ("expired", True)
    assert "refused" in place.said(run_id)[-1].data


def test_words_that_github_does_not_take(place: Place) -> None:
    """Where GitHub refuses the comment of a review, the review is sent without it: no job waits because of words."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.watch(run_id)
    place.hub.trouble("POST", "/deployment_protection_rule", Reply.of({"message": "comment is too long"}, 422))
    place.world.tell(run_id)
    assert waiting.reviews == [("rejected", "")]
    assert [each.state for each in place.store.deliveries(run_id)] == ["delivered"]


@pytest.mark.parametrize(("key", "says"), [(None, "APP_KEY"), ("no key at all", "not an RSA key"), ("", "APP_KEY")])
def test_a_key_that_cannot_sign_is_told_at_the_start(
    place: Place, caplog: pytest.LogCaptureFixture, key: str | None, says: str
) -> None:
    """Whoever starts the service hears of it, and not the first who deploys; the key itself is not shown."""
    assert rule_of(place.settings, place.clock, place.environ)
    assert "cannot be answered" not in caplog.text
    assert rule_of(place.settings, place.clock, {} if key is None else {"APP_KEY": key})
    assert "deployments that wait cannot be answered" in caplog.text
    assert says in caplog.text
    assert "no key at all" not in caplog.text


def test_a_restart_before_anything_was_done(place: Place) -> None:
    """A process that ended between the webhook and the run, or between the run and its note, leaves one run."""
    webhook = place.hub.webhook(place.hub.hold())
    place.take(webhook)
    place.settle(policy="named")
    (due,) = place.store.due_webhooks()
    place.rule.round()
    (line,) = place.store.page().lines
    # As if nothing had been noted; the policy has changed meanwhile.
    place.write("named", POLICY.replace("30m", "40m") + ON)
    place.store.mark_webhook(due.delivery, place.clock.now())
    place.settle(policy="named")
    place.rule.begin(due)
    assert [each.id for each in place.store.page().lines] == [line.id]


def test_a_bug_in_the_gate(place: Place) -> None:
    """Where ordering the run breaks for a reason nobody thought of, the deployment is rejected and told so."""
    place.settle(policy="named", runs=lambda store: Broken(store, place.world.runs._plan))  # noqa: SLF001
    waiting = place.hub.hold()
    place.take(place.hub.webhook(waiting))
    place.rule.round()
    place.rule.round()
    ((state, comment),) = waiting.reviews
    assert state == "rejected"
    assert "RuntimeError" in comment
    assert place.store.due_webhooks() == []


def test_a_key_that_is_wrong_for_a_while(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong private key is told in the logs without being shown, and once it is mended the answer is sent."""
    right, place.environ["APP_KEY"] = place.environ["APP_KEY"], "no key at all"
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.world.watch(run_id)
    place.world.delivering.deliver(run_id)
    assert "APP_KEY" in caplog.text
    assert "no key at all" not in caplog.text
    place.environ["APP_KEY"] = right
    place.world.tell(run_id)
    assert waiting.state == "rejected"


def test_tokens_are_held_and_renewed(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A token serves until shortly before it expires, for this repository and this right alone, and is in no log."""
    caplog.set_level("DEBUG")
    for number in range(3):
        place.run_of(place.hub.hold(run=100 + number))
    ((token, opened),) = place.hub.app.issued.items()
    assert dict(opened.permissions) == {"deployments": "write"}
    assert set(opened.repositories) == {4711}
    assert len(token) > 500
    place.clock.time += HOUR
    place.run_of(place.hub.hold(run=200))
    assert len(place.hub.app.issued) == 2
    assert not any(each in caplog.text for each in place.hub.app.issued)
    assert not any(each in line.data["comment"] for line in place.said(place.store.page().lines[0].id)
                   for each in place.hub.app.issued)  # fmt: skip


def test_a_token_that_was_revoked(place: Place) -> None:
    """A token that GitHub takes no more is thrown away, and the next try has a new one."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.hub.app.issued.clear()
    place.world.watch(run_id)
    place.world.tell(run_id)
    assert waiting.state == "rejected"


def test_an_event_without_what_its_schema_does_not_require(place: Place) -> None:
    """Neither the installation nor the deployment nor the sender is required: all that is needed is found out."""
    waiting = place.hub.hold()
    webhook = place.hub.webhook(waiting, installation=None, deployment=None, sender=None)
    place.take(webhook)
    place.rule.round()
    place.rule.round()
    assert len(waiting.comments) == 1


def test_policy_of_the_deployed_commit(place: Place) -> None:
    """Without a named policy the one at the deployed commit counts, as it is there and not as it is elsewhere."""
    place.settle()
    own = "version: 1\nrelease: Brimly\nsources: [{type: rss, url: 'https://127.0.0.1/feed'}]\n" + ON
    place.settle(policies={"private_addresses": True})
    place.hub.repository.files[(SHA, ".github/gate.yml")] = own.encode()
    place.hub.repository.files[("main", ".github/gate.yml")] = b"nonsense"
    run_id = place.run_of(place.hub.hold())
    assert place.store.policy_text(run_id) == own


REFUSED = {
    "none": (None, "there is no .github/gate.yml"),
    "malformed": (b"version: 1\nsources: [\n", ".github/gate.yml:"),
    "unknown key": (POLICY.encode() + b"wat: 1\n" + ON.encode(), "wat"),
    "reads this machine": ((POLICY + ON).encode(), "read this machine"),
    "names a secret": (b"version: 1\nsources: [{type: rss, url: 'https://127.0.0.1/f'}]\n" + ON.encode(), "private"),
    "not text": (b"\xff\xfe\x00", "not UTF-8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_policies_that_are_refused(place: Place, case: str) -> None:
    """A commit's policy may do what callers' may: anything else rejects the deployment, with the reason and the step."""
    file, words = REFUSED[case]
    place.settle()
    if file is not None:
        place.hub.repository.files[(SHA, ".github/gate.yml")] = file
    waiting = place.hub.hold()
    place.take(place.hub.webhook(waiting))
    place.rule.round()
    ((state, comment),) = waiting.reviews
    assert state == "rejected"
    assert words in comment.replace("&#8203;", "").replace("&#95;", "_").replace("&#58;", ":")
    assert place.store.page().lines == ()


def test_a_policy_that_the_app_may_not_read(place: Place) -> None:
    """Whoever deploys is told once why nothing happens; when the App may read the policy, it begins."""
    place.settle(policies={"private_addresses": True})
    place.hub.repository.files[(SHA, ".github/gate.yml")] = (
        b"version: 1\nsources: [{type: rss, url: 'https://127.0.0.1/feed'}]\n" + ON.encode()
    )
    place.hub.app.permissions.pop("contents")
    waiting = place.hub.hold()
    place.take(place.hub.webhook(waiting))
    for _ in range(8):
        place.pass_to(place.clock.time + timedelta(minutes=1))
    (comment,) = waiting.comments
    assert "cannot begin to listen" in comment
    assert "not granted to this installation" in comment
    place.hub.app.permissions["contents"] = "read"
    place.pass_to(place.clock.time + timedelta(minutes=10))
    place.rule.round()
    assert "listens to" in waiting.comments[1]
    assert waiting.state == "waiting"


def test_the_name_of_an_environment_is_the_same_in_capitals(place: Place) -> None:
    """As for GitHub."""
    place.settle(policy="named", environments=("Production",))
    waiting = place.hub.hold(environment="production")
    place.run_of(waiting)
    assert waiting.state == "waiting"


def test_environments_that_the_settings_do_not_know(place: Place) -> None:
    """A rule that is ticked at an environment the service knows nothing of rejects, rather than let the job hang."""
    place.settle(policy="named", environments=("production",))
    waiting = place.hub.hold(environment="staging")
    place.take(place.hub.webhook(waiting))
    place.rule.round()
    assert waiting.state == "rejected"
    assert "no environment staging" in waiting.reviews[0][1]


def test_contents_are_only_asked_for_where_needed(place: Place) -> None:
    """A repository whose policy the service holds need not let the App read its contents."""
    place.hub.app.permissions.pop("contents")
    waiting = place.hub.hold()
    place.ended(waiting)
    assert waiting.state == "rejected"


def test_comments_on_the_way(place: Place) -> None:
    """What changes is told: an extension, a source that is not heard, that it is again; never the same twice."""
    waiting = place.hub.hold()
    place.world.source.mentions = mentions(0.0)
    run_id = place.run_of(waiting)
    place.world.source.partial = lambda _: "down"
    place.world.watch(run_id, until=DEPLOY + timedelta(minutes=14))
    place.rule.round()
    place.world.runs.extend(run_id, "Ada", "few posts", DEPLOY + timedelta(minutes=45))
    place.clock.time += timedelta(minutes=1)
    place.rule.round()
    place.clock.time += timedelta(minutes=6)
    place.rule.round()
    place.clock.time += timedelta(minutes=6)
    place.rule.round()
    kinds = ["listens to", "not heard completely", "extended"]
    assert [any(kind in each for each in waiting.comments) for kind in kinds] == [True] * 3
    assert len(waiting.comments) == len(set(waiting.comments)) == 3


def test_never_more_comments_than_github_takes(place: Place) -> None:
    """However often a run changes, at most eight comments are made on the way, and the verdict still gets through."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    for minutes in range(60, 90):
        place.world.runs.extend(run_id, "Ada", "more", DEPLOY + timedelta(minutes=minutes))
        place.clock.time += timedelta(seconds=61)
        place.rule.round()
    assert len(waiting.comments) == 8
    place.world.watch(run_id)
    place.world.tell(run_id)
    assert waiting.state == "rejected"


def test_a_job_that_was_bypassed(place: Place) -> None:
    """Where an administrator lets the job pass, GitHub's refusals end in the log and hold nothing up."""
    waiting = place.hub.hold()
    waiting.reviews.append(("approved", "bypassed"))
    run_id = place.ended(waiting)
    assert waiting.comments == []
    assert [each.state for each in place.store.deliveries(run_id)] == ["expired"]
    assert place.store.open_orders() == []


def test_no_app_any_more(place: Place) -> None:
    """A run that GitHub asked for ends quietly where the settings name no App any more: nothing is sent elsewhere."""
    waiting = place.hub.hold()
    run_id = place.run_of(waiting)
    place.settle(policy="named", id=1)
    place.world.watch(run_id)
    place.world.tell(run_id)
    assert waiting.state == "rejected"
    assert place.world.receiver.got == []


def test_runs_of_others_are_told_by_callback(place: Place) -> None:
    """A run that no webhook asked for goes to its own callback, as ever."""
    run_id = place.world.order()
    place.world.watch(run_id)
    place.world.tell(run_id)
    assert len(place.world.receiver.got) == 1
    assert isinstance(place.world.runs, Runs)
