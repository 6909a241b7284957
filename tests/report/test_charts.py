"""Charts: what they show, to whom, and that nothing in them acts."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from gate.report import charts, safe
from gate.report.charts import drawing
from gate.report.charts.theme import Palette
from tests.hostile import HOSTILE
from tests.report.runs import dossier, minutes, silent, unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.report.dossier import Dossier

SHAPES = {"svg", "style", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath", "title"}
MONO = Palette("#fff", *["#000"] * 6)
"""All that is not paper is black."""


def marks(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the marks of a kind, in the order they are drawn."""
    return [layer["mark"] for layer in spec["layer"] if layer["mark"]["type"] == kind and layer["data"]["values"]]


def drawn(spec: dict[str, Any]) -> ET.Element:
    """Draw it and return its elements."""
    return ET.fromstring(drawing.svg(spec, "a picture"))  # noqa: S314 - our own


@pytest.mark.parametrize("known", [dossier, silent, unseen])
@pytest.mark.parametrize("name", charts.CHARTS)
def test_every_run_can_be_drawn(name: str, known: Callable[[], Dossier]) -> None:
    """A run under way, a silent one and one without a look have all charts, each with words for who cannot see it."""
    times = charts.timeline(known())
    root = drawn(charts.chart(name, times, charts.VARIABLES))
    assert root.get("role") == "img"
    assert {each.tag.partition("}")[2] for each in root.iter()} <= SHAPES
    assert charts.said(name, times).endswith(".")


def test_the_numbers_of_a_run() -> None:
    """Bins count every mention once; the band, the interval and the halt line are those of the verdict."""
    times = charts.timeline(dossier())
    since = [each for each in times.bins if each.start >= 0]
    assert (sum(each.count for each in since), sum(each.negative for each in since)) == (47, 32)
    assert any(each.start < 0 for each in times.bins)
    assert (times.unit, times.end, times.now) == ("minutes", 45.0, 17.0)
    assert times.halt == 100
    assert times.interval == pytest.approx((0.33, 0.81))
    assert times.usual is not None
    assert times.band
    assert times.band[0] < times.usual < times.band[1]


@pytest.mark.parametrize(("length", "unit"), [(45, "minutes"), (60 * 12, "hours"), (60 * 24 * 14, "days")])
def test_the_unit_fits_the_window(length: int, unit: str) -> None:
    """Short windows are told in minutes, long ones in hours or days, with about as many points."""
    known = dossier()
    longer = replace(
        known, release=replace(known.release, window_to=known.release.deployed_at + timedelta(minutes=length))
    )
    assert charts.timeline(longer).unit == unit


def test_charts_are_read_without_colour() -> None:
    """In black on white, before differs from since, harm from no harm, and negative from other, by shape and line."""
    times = charts.timeline(dossier())
    mood = [mark["point"]["fill"] for mark in marks(charts.chart("mood", times, MONO), "line")]
    assert mood == [MONO.paper, MONO.ink]
    below, beyond = marks(charts.chart("odds", times, MONO), "point")
    assert ("shape" in below, beyond["shape"]) == (False, "triangle-up")
    rules = marks(charts.chart("odds", times, MONO), "rule")
    assert ["strokeDash" in mark for mark in rules] == [True, False]
    before, since = marks(charts.chart("share", times, MONO), "point")
    assert (before["fill"], since["fill"]) == (MONO.paper, MONO.ink)
    everything, negative = marks(charts.chart("volume", times, MONO), "rect")
    assert everything["fillOpacity"] == 0
    assert "fillOpacity" not in negative


@pytest.mark.parametrize("palette", [charts.LIGHT, charts.DARK], ids=["light", "dark"])
def test_colours_stand_out(palette: Palette) -> None:
    """Words have a contrast of 4.5 to 1 on their paper, lines of 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    for name in ("ink", "faint", "alarm", "line"):
        assert contrast(getattr(palette, name), palette.paper) >= 4.5, name
    assert contrast(palette.band, palette.paper) >= 3


def contrast(one: str, other: str) -> float:
    """Return the ratio of relative luminances, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_picture_knows_light_and_dark_by_itself() -> None:
    """A file holds both palettes; a part of a page takes the page's, and has no style that a strict one forbids."""
    spec = charts.chart("mood", charts.timeline(dossier()), charts.VARIABLES)
    alone, part = drawing.svg(spec, "words"), drawing.svg(spec, "words", alone=False)
    assert all(colour in alone for colour in (*astuple(charts.LIGHT), *astuple(charts.DARK)))
    assert "prefers-color-scheme:dark" in alone
    assert "<style" not in part
    assert " style=" not in alone + part


def test_all_charts_in_one_picture() -> None:
    """The overview is a PNG for chats, with a title that stays one line of text whatever it says."""
    times = charts.timeline(dossier())
    assert drawing.png(charts.overview(times, charts.DARK, "FAIL: #brimly")).startswith(b"\x89PNG")
    for _, text in HOSTILE[::7]:
        title = safe.one_line(text, 60)
        root = drawn(charts.overview(times, charts.LIGHT, title))
        assert {each.tag.partition("}")[2] for each in root.iter()} <= SHAPES


def test_weeks_with_every_release_marked() -> None:
    """Each release has a mark by its outcome and its name; names are text."""
    moods = [charts.Mood(minutes(60 * hour), 0.3 - 0.01 * hour, 12) for hour in range(40)]
    releases = [(minutes(60 * number), text, outcome) for number, ((_, text), outcome) in
                enumerate(zip(HOSTILE[30:38], ("pass", "fail", "inconclusive", "broken") * 2, strict=True))]  # fmt: skip
    spec = charts.weeks(moods, releases, charts.VARIABLES, 800)
    shapes = [each["mark"] for each in spec["layer"][1]["data"]["values"]]
    assert shapes == ["circle", "cross", "diamond", "square"] * 2
    assert {each.tag.partition("}")[2] for each in drawn(spec).iter()} <= SHAPES


def test_the_bundle_fetches_nothing() -> None:
    """The interactive charts are one script that knows our function, made without a network."""
    script = drawing.bundle()
    assert "gateChart" in script
    assert "import(" not in script


def test_one_picture_at_a_time() -> None:
    """While one is drawn no other is begun: in between the other threads of the process have their turn."""
    begun = Event()

    def draw() -> None:
        with drawing._alone():  # noqa: SLF001 - what every picture is drawn in
            begun.set()

    with drawing._alone():  # noqa: SLF001
        other = Thread(target=draw)
        other.start()
        assert not begun.wait(0.2)
    other.join()
    assert begun.is_set()
