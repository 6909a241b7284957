"""What a release manager does at 2 a.m., in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.looks import VERDICT
from tests.service.page.conftest import NOTHING_THERE
from tests.support import release
from tools.invented_runs import QUIETLY, Posts

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tools.invented_site import Site

    Open = Callable[..., Page]

BAD = Posts(before=320, bad_after=0.7, hostile=True)


def failed(site: Site) -> str:
    """Make a run that failed, with what people wrote."""
    run_id = site.stage.start(BAD, repository="brimly/android")
    site.stage.watch(run_id)
    return run_id


def heading(page: Page) -> Locator:
    """Return the verdict on the page."""
    return page.locator("#verdict h1")


def test_a_live_run_turns_from_waiting_to_fail(live_site: Site, visit: Open) -> None:
    """Whoever watches a run sees the verdict when it falls, hears it told, and never reloads."""
    run_id = live_site.stage.start(BAD)
    live_site.stage.watch(run_id, looks=3)
    page = visit(f"/runs/{run_id}")
    expect(heading(page)).to_contain_text("WAITING")
    expect(page.locator("#stream")).to_have_text("Live.")
    page.evaluate("window.sameDocument = true")
    page.get_by_label("Why?").fill("half a sentence")
    live_site.stage.watch(run_id)
    expect(heading(page)).to_contain_text("FAIL → halt the rollout")
    expect(page.get_by_role("status")).to_contain_text("FAIL → halt the rollout")
    expect(page).to_have_title(re.compile("^FAIL: Brimly 4.2"))
    assert page.evaluate("window.sameDocument")
    expect(page.get_by_label("Why?")).to_have_value("half a sentence")
    expect(page.locator("#log")).to_contain_text("verdict: FAIL")


def test_what_is_done_about_a_verdict_appears(live_site: Site, visit: Open) -> None:
    """An action that is done after the verdict shows up by itself."""
    run_id = live_site.store.start_run(release(), {"actions": {"fail": [{"type": "github-dispatch"}]}})
    live_site.store.finish(run_id, replace(VERDICT, decided_at=live_site.stage.clock.now()))
    page = visit(f"/runs/{run_id}")
    expect(page.locator("#actions")).to_contain_text("github-dispatch (fail): not done yet")
    live_site.store.end_task(live_site.store.tasks(run_id)[0], "done", {"said": "workflow started", "attempts": 1})
    expect(page.locator("#actions")).to_contain_text("done: workflow started")
    expect(page.locator("#actions")).not_to_contain_text("not done yet")


def test_hostile_words_are_shown_as_words(live_site: Site, visit: Open) -> None:
    """A post that holds a script is hidden at first, says why, and is then text like any other."""
    page = visit(f"/runs/{failed(live_site)}")
    hidden = page.locator(".quotes details", has_text="markup")
    expect(hidden.locator("blockquote")).to_be_hidden()
    hidden.locator("summary").click()
    expect(hidden.locator("blockquote")).to_contain_text('<script>alert("x")</script> Brimly crashes at login')
    assert page.locator("main script").count() == 0
    link = page.get_by_role("link", name="read the post").first
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.locator(".quotes mark.bad").first).to_be_visible()
    expect(page.locator(".quotes .small").first).to_contain_text("moved by")


def test_rejecting_with_a_reason(live_site: Site, visit: Open) -> None:
    """A rejection needs a reason, takes effect at once, and stands in the log with name and reason."""
    run_id = live_site.stage.start(Posts())
    live_site.stage.watch(run_id, looks=4)
    page = visit(f"/runs/{run_id}")
    page.get_by_role("button", name="Reject: halt").click()
    assert page.evaluate("document.querySelector('#why').validity.valueMissing")
    page.get_by_label("Why?").fill("checkout is down <b>everywhere</b>")
    page.get_by_role("button", name="Reject: halt").click()
    expect(heading(page)).to_contain_text("INCONCLUSIVE → halt the rollout")
    entry = page.locator("#log .rejected")
    expect(entry).to_contain_text("Rejected by ann-1: checkout is down <b>everywhere</b>")
    assert live_site.store.run(run_id).decision == "halt"
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)


def test_overriding_by_keyboard_alone(live_site: Site, visit: Open) -> None:
    """From the top of the page, with nothing but Tab, letters and Enter, and always with a visible focus."""
    page = visit(f"/runs/{failed(live_site)}")

    def tab_to(wanted: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"{wanted} does not show that it has the focus"
                return
        pytest.fail(f"{wanted} cannot be reached by Tab")

    tab_to(".skip")
    page.keyboard.press("Enter")
    tab_to("#why")
    page.keyboard.type("known and fixed in 4.2.1")
    tab_to("button[value=approve]")
    page.keyboard.press("Enter")
    expect(heading(page)).to_contain_text("FAIL → promote the release")
    expect(page.locator("#log .approved")).to_contain_text("known and fixed in 4.2.1")


def test_axe_finds_nothing(live_site: Site, visit: Open) -> None:
    """Every page passes axe-core's rules, and its colours pass on dark paper too."""
    page = visit()
    found = {"empty list": problems(page)}
    run_id = failed(live_site)
    going = live_site.stage.start(Posts(silent="connection refused"), policy=QUIETLY)
    live_site.stage.watch(going, looks=3)
    for name, path in {"list": "/", "no match": "/?q=nothing", "moods": "/moods", "run": f"/runs/{run_id}", "live run": f"/runs/{going}",
                       "problem": NOTHING_THERE, "login": "/login"}.items():  # fmt: skip
        if name == "login":
            page.context.clear_cookies()
        page.goto(live_site.url + path)
        for summary in page.locator("summary").all():
            summary.click()
        found[name] = problems(page)
    assert {name: each for name, each in found.items() if each} == {}


def problems(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page."""
    page.emulate_media(color_scheme="light")
    violations = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    contrast = {"runOnly": ["color-contrast"]}
    violations += Axe().run(page, options=contrast).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in violations for node in each["nodes"]]


def test_a_phone_shows_all_without_scrolling_sideways(live_site: Site, visit: Open) -> None:
    """On 360 pixels nothing sticks out, and charts are drawn for that width."""
    run_id = failed(live_site)
    page = visit("/", width=360)
    for path in ("/", f"/runs/{run_id}", "/login"):
        page.goto(live_site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
    page.goto(f"{live_site.url}/runs/{run_id}")
    assert "w=narrow" in page.evaluate("document.querySelector('[data-chart=mood] img').currentSrc")


def test_the_first_view_is_small(live_site: Site, visit: Open) -> None:
    """A run that is over, with charts and posts, takes under 100 kB on the wire, and a list of 30 runs too."""
    run_id = failed(live_site)
    for _ in range(30):
        live_site.stage.runs.cancel(live_site.stage.start(Posts()), "ann", "for the list")
    page = visit()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    took: list[float] = []
    wire.on("Network.loadingFinished", lambda event: took.append(event["encodedDataLength"]))
    for path, least in ((f"/runs/{run_id}", 7), ("/", 3)):
        took.clear()
        page.goto(live_site.url + path, wait_until="networkidle")
        assert len(took) >= least, "page, style, script and charts"
        assert sum(took) < 100_000, path


def test_charts_can_be_explored(live_site: Site, visit: Open) -> None:
    """The interactive charts come from our own bundle, only when asked for, under the strict policy for contents."""
    page = visit(f"/runs/{failed(live_site)}")
    assert (
        page.evaluate("performance.getEntriesByType('resource').filter(each => each.name.includes('charts.js')).length")
        == 0
    )
    page.get_by_role("button", name="Explore the charts").click()
    expect(page.locator(".chart-live svg")).to_have_count(4)
    points = page.locator(
        "[data-chart=odds] .chart-live path[aria-roledescription], [data-chart=odds] .mark-symbol path"
    )
    points.first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("odds")
