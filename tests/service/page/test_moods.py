"""The mood over weeks: what a standing watch heard, and every release in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.model import Cost, Period
from gate.service.page.moods import smoothed
from gate.store import Mood, StandingWatch, WatchedSource
from tests.support import scored
from tests.support_html import Skeleton
from tools.invented_runs import Posts

if TYPE_CHECKING:
    from tools.invented_site import Site


def listen(site: Site, days: int = 20) -> None:
    """Let a watch have heard a mention every six hours, the mood falling, on a source that fell silent."""
    now = site.stage.clock.now()
    sources = (WatchedSource("mastodon", now - timedelta(days=days), now, None, False, "<b>connection</b> refused", Cost(80, 80, 0.4)),)  # fmt: skip  # noqa: FBT003
    watch = StandingWatch("k1", "app", "gate.yml", timedelta(hours=1), now - timedelta(days=days), now, sources)
    assert site.store.claim(watch)
    kept = [
        replace(
            scored(number, number / (4 * days), Period.BASELINE),
            created_at=now - timedelta(hours=6 * (4 * days - number)),
        )
        for number in range(4 * days)
    ]
    site.store.record_heard(watch, kept, (), sources, timedelta(days=90))


def test_without_a_watch_the_page_says_how_to_have_one(quiet_site: Site) -> None:
    """Nobody listens between releases unless a policy says so; the page shows the line to write."""
    page = quiet_site.client().get("/moods").text
    assert "Nobody listens between releases" in page
    assert "watch: {every: 1h}" in page


def test_every_release_is_in_it(quiet_site: Site) -> None:
    """Mood, releases with their outcomes, how far each source was heard and what it cost; odd choices mean the usual."""
    listen(quiet_site)
    run_id = quiet_site.stage.start(Posts(), release="Brimly <4.2>")
    quiet_site.stage.runs.approve(run_id, "ann", "tested")
    client = quiet_site.client()
    page = client.get("/moods?name=app&weeks=4").text
    assert Skeleton(page).acting() == []
    shown = "".join(Skeleton(page).text)
    for words in ("Brimly <4.2>", "inconclusive", "not complete: <b>connection</b> refused", "US$ 0.40"):
        assert words in shown, words
    assert "80 mentions in 80 hours, 1 release." in page
    for path in (
        "/moods.svg?name=app&weeks=1",
        "/moods.svg?name=app&weeks=12&w=narrow",
        "/moods.svg?name=none&weeks=x",
    ):
        picture = client.get(path)
        assert picture.status_code == 200
        assert 'role="img"' in picture.text
        assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert client.get("/moods.svg?name=app&w=7").status_code == 404


def test_moods_are_not_for_some_repositories_only(quiet_site: Site) -> None:
    """What is heard of a policy is of no repository, so whoever may see some repositories only sees none of it."""
    listen(quiet_site)
    stranger = quiet_site.client("read", name="stranger", repositories=["brimly/web"])
    assert stranger.get("/moods").status_code == 404
    assert stranger.get("/moods.svg").status_code == 404
    assert "/moods" not in stranger.get("/").text


def test_each_mention_counts_the_same(quiet_site: Site) -> None:
    """A loud hour weighs more than a quiet one in the mean of a day."""
    day = quiet_site.stage.clock.now().replace(hour=0, minute=0)
    hours = [
        Mood(day, 30, 0.0, 0.5),
        Mood(day + timedelta(hours=3), 10, 1.0, -0.5),
        Mood(day + timedelta(hours=7), 5, 1.0, -1.0),
    ]
    means = smoothed(hours, timedelta(hours=6))
    assert [(each.mood, each.mentions) for each in means] == [(0.25, 40), (-1.0, 5)]
