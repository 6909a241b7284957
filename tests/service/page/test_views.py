"""The page without a browser: what is found, who may do what, and that nothing written by others acts."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import timedelta
from html import unescape
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from gate.canonical import clean
from gate.report import safe
from gate.service.page.turns import alone
from tests.hostile import HOSTILE
from tests.looks import VERDICT, look
from tests.support import ordered, release, scored
from tests.support_html import Skeleton
from tools.invented_runs import QUIETLY, Posts

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tools.invented_site import Site

AT_ONCE = 15
"""Hostile texts in one run."""
PEOPLE = {"Accept": "text/html"}


def names(page: str) -> list[str]:
    """Return the runs that a list links to, in its order."""
    return re.findall(r'href="/runs/([^"?]+)"', page)


def token_in(page: str) -> str:
    """Return the token that the page writes into its forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def decide(client: FlaskClient, run_id: str, **form: str) -> tuple[int, str]:
    """Send the form of a run's page."""
    page = client.get(f"/runs/{run_id}", headers=PEOPLE).text
    answer = client.post(f"/runs/{run_id}", data={"csrf_token": token_in(page), **form}, headers=PEOPLE)
    return answer.status_code, answer.text


def test_an_empty_list_says_the_next_step(quiet_site: Site) -> None:
    """Whoever comes first learns how a run is started."""
    page = quiet_site.client().get("/").text
    assert "No runs yet" in page
    assert "gate start -p gate.yml --service http://localhost" in page


def test_runs_are_found_by_outcome_and_by_words(quiet_site: Site) -> None:
    """Filter and search work together; what is asked for stays in the form; no match says so."""
    stage, clock = quiet_site.stage, quiet_site.stage.clock
    going = stage.start(Posts(), repository="brimly/ios")
    clock.time += timedelta(minutes=1)
    over = stage.start(Posts(), repository="brimly/web", release="Spring 100%")
    stage.runs.approve(over, "ann", "tested")
    client = quiet_site.client()
    assert names(client.get("/").text) == [over, going]
    assert names(client.get("/?outcome=running").text) == [going]
    assert names(client.get("/?outcome=inconclusive").text) == [over]
    assert names(client.get("/?q=WEB").text) == names(client.get("/?q=100%25").text) == [over]
    assert names(client.get("/?q=" + going).text) == [going]
    nothing = client.get("/?q=web&outcome=running").text
    assert "No run matches" in nothing
    assert 'value="web"' in nothing
    assert names(client.get("/?outcome=whatever&cursor=").text) == [over, going]


def test_what_is_done_about_a_verdict(quiet_site: Site) -> None:
    """Actions that were done, and those that are tried again, stand on the run's page; where there are none, no such part."""
    store, clock = quiet_site.store, quiet_site.stage.clock
    run_id = store.start_run(release(), {"actions": {"fail": [{"type": "github-dispatch"}, {"type": "github-issue"}]}})
    client = quiet_site.client()
    assert "is done about it" not in client.get(f"/runs/{run_id}").text
    store.finish(run_id, replace(VERDICT, decided_at=clock.now()))
    assert client.get(f"/runs/{run_id}").text.count("not done yet") == 2
    first, second = store.tasks(run_id)
    store.end_task(first, "done", {"said": "workflow <b>rollback.yml</b> started", "attempts": 1})
    assert store.claim_task(second, "mine", clock.now() + timedelta(minutes=1))
    store.try_later(second, "mine", "GitHub did not answer <i>", clock.now() + timedelta(seconds=10))
    page = client.get(f"/runs/{run_id}").text
    assert "done: workflow &lt;b&gt;rollback.yml&lt;/b&gt; started" in page
    assert re.search(
        r"github-issue \(fail\): failed, is tried again at \d\d:\d\d:\d\d UTC: GitHub did not answer &lt;i", page
    )


def test_a_run_of_a_pipeline_can_only_be_cancelled(quiet_site: Site) -> None:
    """What its process would not hear of is not offered, and refused to whoever asks for it all the same."""
    run_id = quiet_site.store.start_run(release(), {})
    client = quiet_site.client()
    page = client.get(f"/runs/{run_id}").text
    assert [f'value="{each}"' in page for each in ("approve", "reject", "extend", "cancel")] == [False] * 3 + [True]
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    headers = {"X-CSRF-Token": found[1]}
    refused = client.post(f"/v1/runs/{run_id}/approve", json={"reason": "known"}, headers=headers)
    assert refused.json
    assert (refused.status_code, refused.json["type"]) == (409, "urn:sentiment-gate:problem:run-elsewhere")


def test_older_runs_are_a_link_away(quiet_site: Site) -> None:
    """Pages follow each other without gaps or repetition, however many runs there are."""
    made = []
    for _ in range(65):
        quiet_site.stage.clock.time += timedelta(seconds=1)
        made.append(quiet_site.stage.start(Posts(), policy=QUIETLY))
    client, path, seen = quiet_site.client(), "/", []
    while path:
        page = client.get(path).text
        seen += names(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(older[1]) if older else ""
    assert seen == made[::-1]


def test_who_may_read_only_reads(quiet_site: Site) -> None:
    """Without the role there is no form, and sending it all the same changes nothing."""
    run_id = quiet_site.stage.start(Posts())
    reader = quiet_site.client("read", name="reader")
    page = reader.get(f"/runs/{run_id}").text
    assert "Decide yourself" not in page
    status, _ = decide(reader, run_id, decision="approve", why="please")
    assert status == 403
    assert quiet_site.store.run(run_id).state == "running"


def test_a_starter_may_cancel_only(quiet_site: Site) -> None:
    """The role that starts runs may cancel them, and nothing more."""
    run_id = quiet_site.stage.start(Posts(), repository="brimly/web")
    starter = quiet_site.client("run", name="starter", repositories=["brimly/web"])
    page = starter.get(f"/runs/{run_id}").text
    assert 'value="cancel"' in page
    assert 'value="approve"' not in page
    assert decide(starter, run_id, decision="extend", why="more")[0] == 403
    assert decide(starter, run_id, decision="cancel", why="deployed the wrong one")[0] == 303
    after = starter.get(f"/runs/{run_id}").text
    assert "CANCELLED → no verdict was reached" in after
    assert "Decide yourself" not in after


def test_runs_of_others_are_not_there(quiet_site: Site) -> None:
    """A person of one repository sees none of another: not in the list, not by address, not as a picture."""
    theirs = quiet_site.stage.start(Posts(), repository="brimly/web")
    stranger = quiet_site.client("override", name="stranger", repositories=["other/app"])
    assert names(stranger.get("/").text) == []
    for path in ("", "/charts/mood.svg", "/charts.json"):
        answer = stranger.get(f"/runs/{theirs}{path}", headers=PEOPLE)
        assert answer.status_code == 404
        assert "Brimly 4.2" not in answer.text


def test_nobody_unknown_sees_anything(quiet_site: Site) -> None:
    """Without a login every address of the page leads to the login; style and scripts are anybody's."""
    run_id = quiet_site.stage.start(Posts())
    client = quiet_site.app.test_client()
    for path in ("/", f"/runs/{run_id}", f"/runs/{run_id}/charts/mood.svg"):
        answer = client.get(path, headers=PEOPLE)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/login?")
    assert client.post(f"/runs/{run_id}", data={"decision": "approve", "why": "x"}).status_code == 401
    login = client.get("/login").text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', login):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/static/../page.py").status_code == 404


def test_a_decision_needs_our_own_form(quiet_site: Site) -> None:
    """Another site's form has no token of the session, and decides nothing."""
    run_id = quiet_site.stage.start(Posts())
    client = quiet_site.client()
    form = {"decision": "approve", "why": "gotcha"}
    assert client.post(f"/runs/{run_id}", data=form).status_code == 403
    assert client.post(f"/runs/{run_id}", data=form | {"csrf_token": "0" * 64}).status_code == 403
    assert quiet_site.store.run(run_id).state == "running"


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"decision": "approve", "why": "  "}, 422, "An override needs a name and a reason"),
        ({"decision": "reject", "why": "x" * 1001}, 422, "A reason may have 1000 characters"),
        ({"decision": "publish", "why": "because"}, 422, "Nothing was decided"),
    ],
)
def test_a_decision_that_cannot_be_taken(quiet_site: Site, form: dict[str, str], status: int, says: str) -> None:
    """The page comes back with the reason, the next step, and what was written."""
    run_id = quiet_site.stage.start(Posts())
    answered, page = decide(quiet_site.client(), run_id, **form)
    assert (answered, says in page) == (status, True)
    assert 'aria-describedby="fault"' in page
    assert f'value="{form["why"]}"' in page
    assert quiet_site.store.run(run_id).state == "running"


def test_watching_longer(quiet_site: Site) -> None:
    """The window closes later by what was chosen, and the log says who wanted it and why."""
    run_id = quiet_site.stage.start(Posts())
    closes = quiet_site.store.run(run_id).window_to
    client = quiet_site.client()
    assert decide(client, run_id, decision="extend", longer="2h", why="quiet night")[0] == 303
    assert quiet_site.store.run(run_id).window_to == closes + timedelta(hours=2)
    assert "by ann: quiet night" in client.get(f"/runs/{run_id}").text


def test_a_policy_without_texts_says_so(quiet_site: Site) -> None:
    """Where nothing is kept of what people wrote, the page says why, and how to keep it."""
    run_id = quiet_site.stage.start(Posts(), policy=QUIETLY)
    quiet_site.stage.watch(run_id, looks=5)
    assert "keep_text: true" in quiet_site.client().get(f"/runs/{run_id}").text


def test_pages_are_never_packed(quiet_site: Site) -> None:
    """What holds the session's token beside others' words is not compressed; charts and scripts are."""
    run_id = quiet_site.stage.start(Posts())
    quiet_site.stage.watch(run_id, looks=5)
    client = quiet_site.client()
    packing = {"Accept-Encoding": "gzip"}
    assert "Content-Encoding" not in client.get(f"/runs/{run_id}", headers=packing).headers
    assert client.get(f"/runs/{run_id}/charts/mood.svg", headers=packing).headers["Content-Encoding"] == "gzip"


def test_charts_are_pictures_on_their_own(quiet_site: Site) -> None:
    """A chart may fetch and run nothing, is kept only under the address of its state, and an odd one is not there."""
    run_id = quiet_site.stage.start(Posts())
    client = quiet_site.client()
    events = quiet_site.store.run(run_id).events
    answer = client.get(f"/runs/{run_id}/charts/odds.svg?w=narrow&v={events}")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert answer.headers["Cache-Control"].startswith("private")
    assert client.get(f"/runs/{run_id}/charts/odds.svg").headers["Cache-Control"] == "no-store"
    for path in ("charts/pie.svg", "charts/odds.svg?w=99999"):
        assert client.get(f"/runs/{run_id}/{path}").status_code == 404
    assert client.get(f"/v1/runs/{run_id}/chart.png").data.startswith(b"\x89PNG")
    assert "Mood over time" in client.get(f"/v1/runs/{run_id}/chart.svg?theme=dark").text


def test_an_overview_is_drawn_once(quiet_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as a run's log is the same its picture is, too; drawing keeps everybody else waiting."""
    client, run_id = quiet_site.client(), quiet_site.stage.start(Posts())
    first = {form: client.get(f"/v1/runs/{run_id}/chart.{form}").data for form in ("svg", "png")}
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert {form: client.get(f"/v1/runs/{run_id}/chart.{form}").data for form in ("svg", "png")} == first
    assert client.get(f"/v1/runs/{run_id}/chart.svg?theme=dark").status_code == 422


def test_one_picture_at_a_time() -> None:
    """While one is drawn no other is begun: in between the other threads of the process have their turn."""
    begun = Event()

    def draw() -> None:
        with alone():
            begun.set()

    with alone():
        other = Thread(target=draw)
        other.start()
        assert not begun.wait(0.2)
    other.join()
    assert begun.is_set()


def test_nothing_written_by_others_acts(quiet_site: Site) -> None:
    """Texts, addresses, releases, labels, notes and reasons from the corpus of hostile texts stay text, on every page."""
    client = quiet_site.client("admin", name="admin")
    for start in range(0, len(HOSTILE), AT_ONCE):
        texts = [text for _, text in HOSTILE[start : start + AT_ONCE]]
        kept = tuple(scored(number, 0.9, text=text, url=text) for number, text in enumerate(texts))
        labels = {f"label {number}": clean(text)[:200] for number, text in enumerate(texts)}
        named = replace(release(), name=clean(texts[0]))
        run_id = ordered(quiet_site.store, {"repository": clean(texts[0])[:200], **labels}, named)
        quiet_site.store.append_look(run_id, look(1, kept=kept, notes=tuple(map(clean, texts))))
        for text in texts:
            quiet_site.stage.runs.reject(run_id, "ann", clean(text)[:900].strip() or "-")
        page = Skeleton(client.get(f"/runs/{run_id}").text)
        assert page.acting() == []
        assert sum(tag[0] == "script" for tag in page.tags) == 1
        shown = "".join(page.text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
        assert [text for text in texts if safe.one_line(clean(text), 60).rstrip("…") not in shown] == []
    for _, text in HOSTILE:
        quiet_site.store.start_run(replace(release(), name=clean(text)), {}, labels={"repository": clean(text)[:200]})
    path = "/"
    while path:
        html = client.get(path).text
        assert Skeleton(html).acting() == []
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path = unescape(older[1]) if older else ""
    for _, text in HOSTILE:
        words = quote(text.encode(errors="surrogatepass")[:3000])
        answer = client.get(f"/?q={words}&outcome={words}&cursor=x")
        assert (answer.status_code, Skeleton(answer.text).acting()) == (200, [])
