"""A calibration as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.backtest.calibration import FEWEST, PARTS, USUAL, more_tolerant
from gate.canonical import rfc3339
from gate.decide.words import percent
from gate.report import content

if TYPE_CHECKING:
    from gate.backtest import Result
    from gate.cli.calibrating import Calibration

_WHY_MORE = (
    "these windows held trouble (list incidents in --releases), posts that follow each other, authors who write in every"
    " window and are no sample of all, or a mood that moves by the day: look at what halted them (gate backtest), then at"
    " baseline.match, baseline.length and the tolerance"
)
FEW = 0.5
"""From this part of inconclusive windows on, the rates say more about the minimum than about the rules."""


def table(found: Calibration) -> str:
    """Return the result for people, in lines."""
    return "\n".join([*_opening(found), "", *_curve(found.own), "", *_settings(found), "", advice(found)])


def _opening(found: Calibration) -> list[str]:
    history, own, rate = found.history, found.own, found.own.false_halts
    low, high = rate.interval()
    span = f"{content.duration(history.last - history.first)} of history" if history.first and history.last else ""
    lines = [
        (
            f"{span}, {history.mentions:,} mentions: {content.count(rate.of, 'window')} of"
            f" {content.duration(found.window)}, each after {content.duration(found.baseline)} of baseline, nothing deployed."
        ),
        (
            f"False halts: {rate.count} of {rate.of}, {percent(rate.part)} (95 % interval {percent(low)} to {percent(high)});"
            f" {_promise(own)}."
        ),
    ]
    return lines + [f"note: {note}" for note in notes(found)]


def _promise(own: Result) -> str:
    if own.setting.alpha is None:
        return "no rule of the policy promises a level"
    allowed = f"its alpha of {own.setting.alpha:g} allows {percent(own.setting.alpha)}"
    return allowed if own.holds() else f"{allowed}: more than chance explains"


def notes(found: Calibration) -> list[str]:
    """Return what limits the numbers, most important first."""
    own, said = found.own, []
    rate = own.false_halts
    if not rate.count:
        none = "the window was not halted" if rate.of == 1 else f"none of {content.count(rate.of, 'window')} was halted"
        one_in = round(1 / rate.interval()[1])
        excluded = f"a rate of 1 in {one_in} cannot be excluded" if one_in > 1 else "that says nothing about the rate"
        said.append(f"{none}; {excluded}")
    if not own.holds():
        said.append(_WHY_MORE)
    if own.inconclusive >= FEW * rate.of:
        said.append(
            f"{own.inconclusive} of {content.count(rate.of, 'window')} came out inconclusive, too quiet to tell: a longer"
            " window or a smaller minimum would be heard"
        )
    if found.baseline_file:
        said.append(f"each window is compared with what {found.baseline_file} holds of its baseline's time")
    if found.without_control:
        said.append("the policy's control was left out: name its stream in the mentions by --control-stream")
    unharmed = rate.of - own.points[-1].caught.of
    if unharmed:
        said.append(f"{unharmed} had no negative mention before the deploy, so no harm could be tried on them")
    if not found.history.stream and len(found.history.streams) > 1:
        said.append(f"{len(found.history.streams)} streams are taken together; choose one by --stream")
    if found.unreadable:
        said.append(f"left out {content.count(found.unreadable, 'line')} that could not be read as a mention")
    if ahead := found.history.ahead:
        said.append(f"left out {content.count(ahead, 'mention')} dated after now: see that created_at is right")
    return said


def _curve(own: Result) -> list[str]:
    lines = ["turned negative   caught   95 % interval   after mentions   after hours  (medians of those caught)"]
    for point in own.points:
        low, high = point.caught.interval()
        name = f"+{point.change * 100:.0f} points" if point.change else "as it was"
        lines.append(
            f"{name:<15}{percent(point.caught.part):>9}{f'{percent(low)} – {percent(high)}':>16}"
            f"{number(point.mentions, 0):>17}{number(point.hours, 2):>14}"
        )
    lines.append("")
    for part in PARTS:
        caught = own.caught(part)
        if caught.change is None:
            lines.append(f"{percent(part)} of windows: not with any change tried")
            continue
        lines.append(
            f"{percent(part)} of windows: a rise of {caught.change * 100:.0f} points, after about"
            f" {number(caught.mentions, 0)} mentions, {number(caught.hours, 2)} h"
        )
    return lines


def _settings(found: Calibration) -> list[str]:
    lines = ["alpha   tolerate   window       false halts      80 % caught from   after hours"]
    for each in found.results:
        setting, caught = each.setting, each.caught(USUAL)
        rate = f"{each.false_halts.count} of {each.false_halts.of}"
        rise = "–" if caught.change is None else f"+{caught.change * 100:.0f} points"
        mark = "  ← the policy" if each is found.own else "  ← recommended" if each is found.recommended else ""
        if each is found.own is found.recommended:
            mark = "  ← the policy, and recommended"
        lines.append(
            f"{_level(setting.alpha):<8}{_level(setting.tolerate):<11}"
            f"{content.duration(found.window * setting.times):<13}{rate:<17}{rise:<19}{number(caught.hours, 2)}{mark}"
        )
    return lines


def advice(found: Calibration) -> str:
    """Return the recommendation in one sentence."""
    best, own = found.recommended, found.own
    if own.false_halts.of < FEWEST:
        are = "is" if own.false_halts.of == 1 else "are"
        return f"{content.count(own.false_halts.of, 'window')} {are} too few to choose a setting by; {FEWEST} are needed: add history."
    if best is None:
        return _no_advice(found)
    setting, caught = best.setting, best.caught(USUAL)
    name = f"window {content.duration(found.window * setting.times)}"
    if setting.alpha is not None:
        name = f"alpha {setting.alpha:g}, tolerate {setting.tolerate:g}, {name}"
    rate = best.false_halts
    sees = (
        f"a rise of {_points(caught.change)} is caught in 80 % of windows, {rate.count} of {rate.of} halted for nothing"
    )
    if best is own:
        return (
            f"Recommended: the policy as it is: {sees}, and no setting tried with at most its alpha and the same"
            " tolerance is clearly sharper."
        )
    before = own.caught(USUAL).change
    now = (
        f"the policy as it is needs {_points(before)}"
        if before is not None
        else "the policy as it is catches none so often"
    )
    waits = "; every release then waits longer for its pass" if setting.times > own.setting.times else ""
    return f"Recommended: {name}: {sees}; {now}{waits}."


def _no_advice(found: Calibration) -> str:
    if not any(each.caught(USUAL).change is not None for each in found.results):
        return "No setting tried catches 80 % of even the largest change: more mentions are needed (sources, longer windows)."
    if (calmer := more_tolerant(found.results)) is None:
        return (
            "No setting that catches 80 % of a change holds its alpha on this history: look at the false halts first."
        )
    setting = calmer.setting
    return (
        f"No setting that tolerates {found.own.setting.tolerate:g} and catches 80 % of a change holds its alpha on this"
        f" history. Look at the false halts first; tolerate {setting.tolerate:g} with alpha {setting.alpha:g} would hold"
        f" it, and see a rise only from {_points(calmer.caught(USUAL).change)} on."
    )


def plain(found: Calibration) -> dict[str, Any]:
    """Return the result as JSON can hold it; parts are 0 … 1."""
    history = found.history
    return {
        "history": {
            "mentions": history.mentions,
            "from": rfc3339(history.first) if history.first else None,
            "to": rfc3339(history.last) if history.last else None,
            "stream": history.stream,
            "unreadable_lines": found.unreadable,
            "dated_after_now": history.ahead,
        },
        "policy": _result(found, found.own),
        "settings": [_result(found, each) for each in found.results],
        "recommended": _result(found, found.recommended) if found.recommended else None,
        "advice": advice(found),
        "notes": notes(found),
    }


def _result(found: Calibration, result: Result) -> dict[str, Any]:
    setting, rate = result.setting, result.false_halts
    return {
        "alpha": setting.alpha,
        "tolerate": setting.tolerate,
        "window_hours": found.window.total_seconds() * setting.times / 3600,
        "windows": rate.of,
        "false_halts": {"count": rate.count, "rate": rate.part, "interval": list(rate.interval())},
        "inconclusive": result.inconclusive,
        "curve": [
            {
                "change": point.change,
                "caught": point.caught.part,
                "interval": list(point.caught.interval()),
                "windows": point.caught.of,
                "median_mentions": point.mentions,
                "median_hours": point.hours,
            }
            for point in result.points
        ],
        "smallest_change": [
            {"caught": part, "change": said.change, "median_mentions": said.mentions, "median_hours": said.hours}
            for part in PARTS
            for said in (result.caught(part),)
        ],
    }


def number(value: float | None, digits: int) -> str:
    """Return the number, or a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def _points(change: float | None) -> str:
    return f"{(change or 0) * 100:.0f} points"


def _level(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
