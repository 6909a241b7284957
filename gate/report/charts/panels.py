"""The charts of a run as Vega-Lite specifications. Nothing here comes from what people wrote."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gate.decide.words import mentions, one_in, percent
from gate.report.charts.theme import configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.report.charts.theme import Palette
    from gate.report.charts.timeline import Timeline

    Spec = dict[str, Any]
    Panel = Callable[[Timeline, Palette, int], Spec]

WIDE, NARROW = 620, 330
"""Pixels: of a column of the page, and of a phone."""
LONGEST_BET = 6
"""Powers of ten on the scale of odds; beyond, a picture says nothing more."""


def chart(name: str, times: Timeline, palette: Palette, width: int = WIDE, *, background: bool = False) -> Spec:
    """Return one of ``CHARTS`` as a specification."""
    return configured(CHARTS[name](times, palette, width), palette, background=background)


def overview(times: Timeline, palette: Palette, title: str, width: int = WIDE) -> Spec:
    """Return all charts below each other, for chats and files; ``title`` stands above, safe to print."""
    panels = [
        {**CHARTS[name](times, palette, width), "title": {"text": NAMES[name], "fontSize": 13, "frame": "group"}}
        for name in CHARTS
    ]
    spec = {"title": {"text": title, "fontSize": 16, "offset": 14, "limit": width}, "vconcat": panels, "padding": 16}
    return configured(spec, palette, background=True)


def interactive(name: str, times: Timeline, palette: Palette, width: int = WIDE) -> Spec:
    """Return one of ``CHARTS`` so that a reader can move and enlarge it, and have its numbers told."""
    spec = chart(name, times, palette, width)
    for layer in spec["layer"]:
        if layer["mark"]["type"] in {"line", "point", "rect"}:
            layer["mark"]["tooltip"] = {"content": "data"}
    spec["layer"][0]["params"] = [
        {"name": "view", "select": {"type": "interval", "encodings": ["x"]}, "bind": "scales"},
    ]
    return spec


def said(name: str, times: Timeline) -> str:
    """Return what a chart shows in words, for those who do not see it."""
    return _WORDS[name](times)


def _mood(times: Timeline, palette: Palette, width: int) -> Spec:
    points = [
        {"x": (each.start + each.end) / 2, "mood": each.mood, "when": "before" if each.start < 0 else "since",
         "mentions": each.count}
        for each in times.bins if each.mood is not None
    ]  # fmt: skip
    shown = [each["mood"] for each in points if isinstance(each["mood"], float)] + list(times.band or ())
    low, high = min([*shown, -0.3]), max([*shown, 0.3])
    y = {"field": "mood", "type": "quantitative", "title": "mood", "axis": {"tickCount": 5, "labelExpr": "datum.value == 0 ? '0' : format(datum.value, '+.1f')"},
         "scale": {"domain": [max(-1.05, low - 0.1), min(1.05, high + 0.1)], "nice": False}}  # fmt: skip
    layers: list[Spec] = []
    if times.band:
        (bottom, top), middle = times.band, times.usual
        layers += [
            _layer([{"x": times.start, "x2": times.end, "low": bottom, "high": top}],
                   {"type": "rect", "fill": palette.band, "fillOpacity": 0.22, "stroke": palette.band,
                    "strokeOpacity": 0.55, "strokeDash": [2, 3]},
                   {"x": _x(times), "x2": {"field": "x2"}, "y": {**y, "field": "low"}, "y2": {"field": "high"}}),
            _layer([{"x": times.start, "x2": times.end, "mood": middle}],
                   {"type": "rule", "color": palette.band, "strokeDash": [6, 4]},
                   {"x": _x(times), "x2": {"field": "x2"}, "y": y}),
            _layer([{"x": times.end, "mood": top, "words": "usual before the deploy"}],
                   {"type": "text", "align": "right", "baseline": "bottom", "dx": -4, "dy": -3, "color": palette.faint},
                   {"x": _x(times), "y": y, "text": {"field": "words"}}),
        ]  # fmt: skip
    for when, filled in (("before", False), ("since", True)):
        layers += [
            _layer([each for each in points if each["when"] == when],
                   {"type": "line", "color": palette.line, "strokeWidth": 2 if filled else 1.2,
                    "point": {"filled": filled, "fill": palette.line if filled else palette.paper,
                              "stroke": palette.line, "size": 42}},
                   {"x": _x(times), "y": y}),
        ]  # fmt: skip
    return {"width": width, "height": 190, "layer": [*layers, *_deploy(times, palette)]}


def _share(times: Timeline, palette: Palette, width: int) -> Spec:
    rows = [
        {"row": name, "share": share, "words": f"{percent(share)} of {mentions(count)}"}
        for name, share, count in zip(("before", "since"), (times.before, times.after), times.counts, strict=True)
        if share is not None
    ]
    most = max([float(each["share"]) for each in rows] + [times.interval[1] if times.interval else 0, 0.3])  # type: ignore[arg-type]
    x = {"field": "share", "type": "quantitative", "title": "negative share", "axis": {"tickCount": 5, "labelExpr": "format(datum.value * 100, '.0f') + ' %'"},
         "scale": {"domain": [0, min(1.0, most * 1.08)], "nice": False}}  # fmt: skip
    y = {"field": "row", "type": "nominal", "title": None, "sort": ["before", "since"],
         "scale": {"domain": ["before", "since"]}, "axis": {"ticks": False, "domain": False, "labelPadding": 8}}  # fmt: skip
    layers = []
    if times.interval:
        low, high = times.interval
        interval = [{"row": "since", "low": low, "high": high}]
        layers = [
            _layer(interval, {"type": "rule", "color": palette.line, "strokeWidth": 2},
                   {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}),
            *(_layer(interval, {"type": "tick", "color": palette.line, "thickness": 2, "size": 14, "opacity": 1},
                     {"y": y, "x": {**x, "field": end}}) for end in ("low", "high")),
        ]  # fmt: skip
    for row, filled in (("before", False), ("since", True)):
        layers.append(
            _layer([each for each in rows if each["row"] == row],
                   {"type": "point", "filled": filled, "fill": palette.line if filled else palette.paper,
                    "stroke": palette.line, "strokeWidth": 2, "size": 110, "opacity": 1},
                   {"y": y, "x": x}))  # fmt: skip
    words = {"type": "text", "align": "left", "dy": -17, "dx": -6, "color": palette.ink}
    right = {**words, "align": "right", "dx": 6}
    for mark, side in ((words, [r for r in rows if float(r["share"]) <= most / 2]),  # type: ignore[arg-type]
                       (right, [r for r in rows if float(r["share"]) > most / 2])):  # type: ignore[arg-type]  # fmt: skip
        layers.append(_layer(side, mark, {"y": y, "x": x, "text": {"field": "words"}}))
    return {"width": width, "height": 130, "layer": layers}


def _odds(times: Timeline, palette: Palette, width: int) -> Spec:
    halt = times.halt
    highest = 10.0 ** min(
        LONGEST_BET, max(3, math.ceil(math.log10(max([each.odds for each in times.odds] + [1])) + 0.2))
    )
    points = [
        {"x": each.at, "odds": min(max(each.odds, 1.0), highest), "over": bool(halt and each.odds >= halt)}
        for each in times.odds
    ]
    y = {"field": "odds", "type": "quantitative", "title": "odds, 1 in …",
         "scale": {"type": "log", "domain": [1, highest], "nice": False},
         "axis": {"values": [10**power for power in range(7)], "format": ",.0f"}}  # fmt: skip
    layers: list[Spec] = [
        _layer(points, {"type": "line", "color": palette.line, "strokeWidth": 2}, {"x": _x(times), "y": y})
    ]
    if halt and halt <= highest:
        layers += [
            _layer([{"x": times.start, "x2": times.end, "odds": halt}],
                   {"type": "rule", "color": palette.alarm, "strokeDash": [8, 4], "strokeWidth": 1.5},
                   {"x": _x(times), "x2": {"field": "x2"}, "y": y}),
            _layer([{"x": times.end, "odds": halt, "words": f"halt line {one_in(halt)}"}],
                   {"type": "text", "align": "right", "baseline": "bottom", "dx": -4, "dy": -4, "color": palette.alarm},
                   {"x": _x(times), "y": y, "text": {"field": "words"}}),
        ]  # fmt: skip
    layers += [
        _layer([each for each in points if not each["over"]],
               {"type": "point", "filled": True, "fill": palette.line, "size": 30, "opacity": 1}, {"x": _x(times), "y": y}),
        _layer([each for each in points if each["over"]],
               {"type": "point", "shape": "triangle-up", "filled": True, "fill": palette.alarm, "size": 130, "opacity": 1},
               {"x": _x(times), "y": y}),
    ]  # fmt: skip
    return {"width": width, "height": 150, "layer": [*layers, *_deploy(times, palette, words=False)]}


def _volume(times: Timeline, palette: Palette, width: int) -> Spec:
    bars = [{"x": each.start, "x2": each.end, "all": each.count, "negative": each.negative} for each in times.bins]
    top = {"field": "all", "type": "quantitative", "title": "mentions", "axis": {"tickCount": 4, "format": "d"},
           "scale": {"domain": [0, max([each.count for each in times.bins] + [4])]}}  # fmt: skip
    x, x2 = _x(times), {"field": "x2"}
    layers = [
        _layer(bars, {"type": "rect", "fill": palette.paper, "fillOpacity": 0, "stroke": palette.line, "strokeWidth": 1},
               {"x": x, "x2": x2, "y": top, "y2": {"datum": 0}}),
        _layer([each for each in bars if each["negative"]], {"type": "rect", "fill": palette.line, "stroke": palette.line},
               {"x": x, "x2": x2, "y": {**top, "field": "negative"}, "y2": {"datum": 0}}),
    ]  # fmt: skip
    return {"width": width, "height": 110, "layer": [*layers, *_deploy(times, palette, words=False)]}


def _deploy(times: Timeline, palette: Palette, *, words: bool = True) -> list[Spec]:
    here = [{"x": 0, "words": "deploy"}]
    rule = _layer(here, {"type": "rule", "color": palette.ink, "strokeWidth": 1.5}, {"x": _x(times)})
    text = {"type": "text", "align": "left", "baseline": "top", "dx": 5, "color": palette.ink, "fontWeight": "bold"}
    return [rule, *([_layer(here, text, {"x": _x(times), "y": {"value": 0}, "text": {"field": "words"}})] * words)]


def _x(times: Timeline) -> Spec:
    return {"field": "x", "type": "quantitative", "title": f"{times.unit} since the deploy",
            "scale": {"domain": [times.start, times.end], "nice": False},
            "axis": {"tickCount": 8, "format": "~f"}}  # fmt: skip


def _layer(values: list[Any], mark: Spec, encoding: Spec) -> Spec:
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _mood_words(times: Timeline) -> str:
    since = [each.mood for each in times.bins if each.start >= 0 and each.mood is not None]
    usual = (
        "nothing is known from before the deploy"
        if times.usual is None
        else f"usual before the deploy {times.usual:+.2f}"
    )
    if not since:
        return f"Mood over time: no mention since the deploy; {usual}."
    return f"Mood over time: now {since[-1]:+.2f}, lowest {min(since):+.2f} since the deploy; {usual}."


def _share_words(times: Timeline) -> str:
    if times.after is None:
        return "Negative share: no mention since the deploy."
    before = "unknown" if times.before is None else percent(times.before)
    interval = f", between {percent(times.interval[0])} and {percent(times.interval[1])}" if times.interval else ""
    return f"Negative share: {before} before the deploy, {percent(times.after)} since{interval}."


def _odds_words(times: Timeline) -> str:
    if not times.odds:
        return "Odds against the release: no rule bets."
    line = f"; it halts at {one_in(times.halt)}" if times.halt else ""
    return f"Odds against a harmless release: {one_in(times.odds[-1].odds)} at the latest look{line}."


def _volume_words(times: Timeline) -> str:
    since = [each for each in times.bins if each.start >= 0]
    return (
        f"Volume: {mentions(sum(each.count for each in since))} since the deploy in {len(since)} bars, "
        f"{sum(each.negative for each in since):,} of them negative (the filled part)."
    )


CHARTS: dict[str, Panel] = {"mood": _mood, "odds": _odds, "share": _share, "volume": _volume}
NAMES = {
    "mood": "Mood over time",
    "odds": "Odds against a harmless release",
    "share": "Negative share, with the interval of its change",
    "volume": "Volume (filled: negative)",
}
_WORDS: dict[str, Callable[[Timeline], str]] = {
    "mood": _mood_words,
    "odds": _odds_words,
    "share": _share_words,
    "volume": _volume_words,
}
