"""``gate calibrate``: what replaying a history without releases says about a policy."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.backtest import (
    History,
    Result,
    Shards,
    judge_all,
    more_tolerant,
    pretend,
    recommend,
    settings_of,
    summarise,
    try_window,
)
from gate.backtest.calibration import Point, Rate
from gate.backtest.trials import CHANGES, Setting
from gate.decide import Minimum, On, Rules, Share, Threshold
from gate.model import Decision, Outcome, Release
from gate.policy import Baseline, load
from gate.report.curve import CurvePoint, detection_curve
from gate.wiring_recorded import build_recorded
from tests.cli.commands import BAD, GOOD, gate, line

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = """\
version: 1
release: Brimly
sources:
  - {type: file, path: mentions.jsonl}
window: {settle: 1m, length: 2h, every: 10m}
baseline: {length: 6h}
scorer: vader
minimum: {mentions: 20, authors: 10}
on: {inconclusive: hold, error: hold}
"""
ONE_SETTING = POLICY + "rules: [{type: threshold, metric: mean_score, min: -0.9}]\n"
"""No share rule, so no grid of settings: quick where the rules do not matter."""
RULES = Rules((Share(),), Minimum(), On(Decision.HOLD, Decision.HOLD))


def project(folder: Path, hours: float, *, policy: str = POLICY, negative: float = 0.2, **fields: object) -> Path:
    """Lay out a policy and a history of a mention a minute, a known part of them negative."""
    rng = random.Random(5)
    # Fewer than six words, which several people may honestly write.
    good, bad = (
        [GOOD, "nice", "really good update", "fine so far"],
        [BAD, "awful", "very bad update", "broken, so angry"],
    )
    lines = [
        line(n, START + timedelta(minutes=n), rng.choice(bad if rng.random() < negative else good), **fields)
        for n in range(int(hours * 60) + 1)
    ]
    (folder / "gate.yml").write_text(policy, encoding="utf-8")
    (folder / "mentions.jsonl").write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return folder


def calibrate(folder: Path, *words: str) -> dict[str, Any]:
    """Run ``gate calibrate --json`` and read it."""
    done = gate(folder, "calibrate", "--mentions", "mentions.jsonl", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def replay(folder: Path, most: int = 99, *judge: Any, stream: str = "", control: str = "") -> dict[int, Any]:  # noqa: ANN401 - whatever a judge takes
    """Judge pretended deploys in this process; return what came of each."""
    policy = load(folder / "gate.yml")
    history = History(stream)
    history.add(folder / "mentions.jsonl", lambda _position: None)
    length = policy.window.length
    cases = pretend(history, baseline=policy.baseline, window=length, most=most, control_stream=control)
    with TemporaryDirectory() as shelf:
        with Shards(Path(shelf), cases, START + timedelta(days=99)) as shards:
            shards.add(folder / "mentions.jsonl", skip_bad_lines=False, progress=lambda _position: None)
        work = list(zip(shards.paths, shards.groups, strict=True))
        unreadable: list[bytes] = []
        tried = judge_all(
            cases, work, (build_recorded, policy.text, "gate.yml"), 1, *judge, unreadable=unreadable.append
        )
        return {index: each for done in tried for index, each in done.items()}


def trying(folder: Path) -> partial[Any]:
    """Return a judge that tries the policy as it is under every change."""
    rules = load(folder / "gate.yml").decision_rules()
    return partial(try_window, {load(folder / "gate.yml").window.length: settings_of(rules, 1)[:1]})


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A calm history of which one mention in five is negative, under the policy as it is."""
    folder = project(tmp_path_factory.mktemp("calm"), 48)
    tried = replay(folder, 20, trying(folder))
    setting = settings_of(load(folder / "gate.yml").decision_rules(), 1)[0]
    return summarise(setting, [rows[0] for rows in tried.values()])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says of a few windows."""
    folder = project(tmp_path_factory.mktemp("few"), 14)
    return calibrate(folder, "--jobs", "1", "--output", "curve.svg") | {"folder": folder}


def test_a_calm_history_is_hardly_ever_halted(calm: Result) -> None:
    """The level that the policy promises lies within the interval of what was realised."""
    low, high = calm.false_halts.interval()
    assert calm.false_halts.of == 20
    assert low <= 0.01 <= high
    assert calm.holds()


def test_larger_changes_are_caught_more_often(calm: Result) -> None:
    """What turns negative under a small change turns under a larger one too, and enough of it is nearly always caught."""
    caught = [point.caught.part for point in calm.points]
    assert caught == sorted(caught)
    assert caught[-1] >= 0.95
    half, most = calm.caught(0.5).change, calm.caught(0.95).change
    assert half
    assert most
    assert 0.05 < half < most <= 0.4


def test_more_harm_is_caught_sooner(calm: Result) -> None:
    """The largest change needs fewer mentions and hours than one that is just caught in most windows."""
    first, *_, last = [point for point in calm.points if point.caught.part >= 0.5]
    assert first.mentions
    assert first.hours
    assert last.mentions
    assert last.hours
    assert last.mentions < first.mentions <= 120
    assert last.hours < first.hours <= 2


def test_settings_are_tried(found: dict[str, Any]) -> None:
    """Three levels, three tolerances, two windows; a few windows are too few to recommend one."""
    tried = {(each["alpha"], each["tolerate"], each["window_hours"]) for each in found["settings"]}
    assert tried == {(a, t, w) for a in (0.001, 0.01, 0.05) for t in (0, 0.02, 0.05) for w in (2, 4)}
    assert found["recommended"] is None
    assert found["advice"] == "4 windows are too few to choose a setting by; 20 are needed: add history."


def test_the_picture_holds_the_curve_and_fetches_nothing(found: dict[str, Any]) -> None:
    """The file is an SVG with a dot a change, and no address but its own name space."""
    text = (found["folder"] / "curve.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - our own file
    dots = [each for each in root.iter("{http://www.w3.org/2000/svg}circle") if each.get("class") == "dot"]
    assert len(dots) == len(CHANGES) - 1
    assert text.count("http") == 1
    assert "url(" not in text


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    """Neither a second run nor the number of processes changes a byte."""
    project(tmp_path, 12)
    words = ("calibrate", "--mentions", "mentions.jsonl", "--output", "curve.svg")
    one = gate(tmp_path, *words, "--jobs", "1")
    picture = (tmp_path / "curve.svg").read_bytes()
    two = gate(tmp_path, *words, "--jobs", "2")
    assert one.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    assert one.stderr == two.stderr == ""
    assert picture == (tmp_path / "curve.svg").read_bytes()
    assert "none of 3 windows was halted; a rate of 1 in 2 cannot be excluded" in one.stdout
    assert "3 windows are too few" in one.stdout


def test_windows_come_to_what_backtest_says_of_them(tmp_path: Path) -> None:
    """A window as it was has the outcome and the number of mentions that a backtest of that release gives."""
    project(tmp_path, 30, negative=0.35)
    text = POLICY.replace("minimum:", "rules: [{type: share, alpha: 0.3, tolerate: 0}, {type: surge}]\nminimum:")
    (tmp_path / "gate.yml").write_text(text, encoding="utf-8")
    verdicts = {index: judged.verdict for index, judged in replay(tmp_path).items()}
    tried = replay(tmp_path, 99, trying(tmp_path))
    assert len(verdicts) == 12
    assert {verdict["outcome"] for verdict in verdicts.values()} == {"pass", "fail"}
    for index, verdict in verdicts.items():
        trial = tried[index][0][0]
        assert (trial.outcome.value, trial.mentions) == (verdict["outcome"], verdict["mentions_post"])


def test_real_releases_are_left_out(tmp_path: Path) -> None:
    """No window overlaps one of a real release, so that its harm is not taken for a false halt."""
    project(tmp_path, 16, policy=ONE_SETTING)
    release = {"id": "r", "deployed_at": (START + timedelta(hours=9)).isoformat()}
    (tmp_path / "releases.jsonl").write_text(json.dumps(release), encoding="utf-8")
    assert calibrate(tmp_path)["policy"]["windows"] == 5
    assert calibrate(tmp_path, "--releases", "releases.jsonl")["policy"]["windows"] == 3


def test_an_empty_history_is_refused(tmp_path: Path) -> None:
    """Without a mention there is nothing to replay, and the message says how much is needed."""
    project(tmp_path, 16)
    (tmp_path / "mentions.jsonl").write_text("", encoding="utf-8")
    done = gate(tmp_path, "calibrate", "--mentions", "mentions.jsonl")
    assert done.returncode == 2
    assert "no mention in the history" in done.stderr
    assert "one window needs 8 h: 6 h before the pretended deploy and 2 h after it" in done.stderr


def test_a_short_history_says_how_much_is_missing(tmp_path: Path) -> None:
    """A history shorter than baseline and window names what it has, what is needed, and the difference."""
    project(tmp_path, 5)
    done = gate(tmp_path, "calibrate", "--mentions", "mentions.jsonl")
    assert done.returncode == 2
    assert "reaches over 5 h; one window needs 8 h" in done.stderr
    assert "add 3 h of history, or write a shorter baseline.length" in done.stderr


def test_an_unknown_stream_names_the_known(tmp_path: Path) -> None:
    """Who mistypes a stream reads which there are."""
    project(tmp_path, 9, stream="brimly-ios")
    done = gate(tmp_path, "calibrate", "--mentions", "mentions.jsonl", "--stream", "ios")
    assert done.returncode == 2
    assert "no mention in stream 'ios'" in done.stderr
    assert "brimly-ios" in done.stderr


def test_a_line_that_is_no_mention_is_refused_or_counted(tmp_path: Path) -> None:
    """As in a backtest: named with its line, or left out and counted; so is a mention from the future, with a note."""
    file = project(tmp_path, 9, policy=ONE_SETTING) / "mentions.jsonl"
    file.write_text(file.read_text(encoding="utf-8") + "not a mention\n", encoding="utf-8")
    with file.open("a", encoding="utf-8") as lines:
        lines.write(line(9999, START.replace(year=2326), GOOD) + "\n")
    done = gate(tmp_path, "calibrate", "--mentions", "mentions.jsonl")
    assert done.returncode == 2
    assert "mentions.jsonl:542" in done.stderr
    found = calibrate(tmp_path, "--skip-bad-lines")
    assert (found["history"]["unreadable_lines"], found["history"]["dated_after_now"]) == (1, 1)
    assert "left out 1 mention dated after now: see that created_at is right" in found["notes"]


def test_a_quiet_history_is_not_called_safe(tmp_path: Path) -> None:
    """Windows with too few mentions halt nothing, and the result says that this is no merit."""
    project(tmp_path, 12, policy=ONE_SETTING.replace("mentions: 20", "mentions: 500"))
    notes = calibrate(tmp_path)["notes"]
    assert any("3 of 3 windows came out inconclusive" in note for note in notes)


def test_no_harm_is_invented_without_an_example(tmp_path: Path) -> None:
    """Where nobody was ever negative there is nothing to draw harm from: no curve is claimed, and it is said."""
    project(tmp_path, 12, policy=ONE_SETTING, negative=0)
    found = calibrate(tmp_path)
    assert [point["windows"] for point in found["policy"]["curve"]] == [3, 0, 0, 0, 0, 0, 0]
    assert any("no negative mention" in note for note in found["notes"])


def refused(folder: Path, *words: str) -> str:
    """Run ``gate calibrate`` in vain; return what it says."""
    done = gate(folder, "calibrate", "--mentions", "mentions.jsonl", "--jobs", "1", *words)
    assert done.returncode == 2
    assert "next: " in done.stderr
    return done.stderr


def streams(folder: Path, *names: str) -> None:
    """Repeat the history for each stream."""
    file = folder / "mentions.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    written = (
        {**json.loads(each), "stream": name, "id": f"{name}-{n}"} for name in names for n, each in enumerate(lines)
    )
    file.write_text("".join(f"{json.dumps(each)}\n" for each in written), encoding="utf-8")


SHORT = POLICY.replace("length: 2h, every: 10m", "length: 40m, every: 20m").replace("length: 6h", "length: 80m")
"""Short windows, so that three of them take no time."""
SURE = SHORT + "rules: [{type: threshold, metric: negative_share, max: 0.4}]\n"


def test_a_baseline_file_is_what_windows_are_compared_with(tmp_path: Path) -> None:
    """What the live gate would compare with: the file alone, and the result says so; without the file nothing is claimed."""
    policy = SHORT.replace("length: 80m", "length: 80m, file: before.jsonl")
    folder = project(tmp_path, 3, policy=policy)
    assert "mention" in refused(folder)
    assert "before.jsonl does not exist" in refused(folder)
    (folder / "before.jsonl").write_text(line(1, START, GOOD) + "\n", encoding="utf-8")
    found = calibrate(folder, "--jobs", "1", "--windows", "2")
    assert found["policy"]["inconclusive"] == found["policy"]["windows"] == 2
    assert any("compared with what before.jsonl holds" in note for note in found["notes"])


def test_windows_are_compared_with_the_release_that_the_policy_names(tmp_path: Path) -> None:
    """No window lies before the end of that baseline, and a history that begins too late for it is refused."""
    policy = SURE.replace("length: 80m", f"length: 80m, release: '{START.isoformat()}'")
    folder = project(tmp_path, 4, policy=policy)
    found = calibrate(folder, "--jobs", "1")
    assert found["policy"]["windows"] == 4
    earlier = (START - timedelta(days=1)).isoformat()
    (folder / "gate.yml").write_text(policy.replace(START.isoformat(), earlier), encoding="utf-8")
    assert "lies before the first mention" in refused(folder)
    later = (START + timedelta(hours=3)).isoformat()
    (folder / "gate.yml").write_text(policy.replace(START.isoformat(), later), encoding="utf-8")
    assert "before a window that begins after baseline.release" in refused(folder)


def test_pretended_deploys_after_a_named_release_have_its_baseline() -> None:
    """All of them the same, which ends before the first window begins."""
    baseline = Baseline(timedelta(hours=2), release=START + timedelta(hours=1))
    history = History(first=START, last=START + timedelta(hours=9))
    cases = pretend(history, baseline=baseline, window=timedelta(hours=2), most=9)
    assert {(case.release.baseline_from, case.release.baseline_to) for case in cases} == {
        (START + timedelta(hours=1), START + timedelta(hours=3))
    }
    assert [case.release.deployed_at for case in cases] == [START + timedelta(hours=h) for h in (3, 5, 7)]


def test_a_control_excuses_what_everybody_suffers(tmp_path: Path) -> None:
    """Beside a control that turns as the release does a window is not halted; beside one that does not it is."""
    folder = project(tmp_path, 0, policy=SHORT)
    turns = {"ours": 80, "rival": 80, "calm": 999}
    lines = [
        line(n, START + timedelta(minutes=n), BAD if n % 5 == 0 or n > at else GOOD, stream=stream)
        for stream, at in turns.items()
        for n in range(181)
    ]
    (folder / "mentions.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    outcomes = {
        control: replay(folder, 1, trying(folder), stream="ours", control=control)[0][0][0].outcome
        for control in ("", "rival", "calm")
    }
    assert outcomes == {"": Outcome.FAIL, "rival": Outcome.INCONCLUSIVE, "calm": Outcome.FAIL}


def test_a_control_that_is_left_out_is_told(tmp_path: Path) -> None:
    """Its sources are not asked; the note names the option that takes their place, and a misspelt stream those there are."""
    folder = project(
        tmp_path, 3, policy=SHORT + "control: [{type: file, path: others.jsonl}]\nrules: [{type: surge}]\n"
    )
    streams(folder, "ours", "theirs")
    found = calibrate(folder, "--stream", "ours", "--jobs", "1", "--windows", "1")
    assert any("--control-stream" in note for note in found["notes"])
    assert "there are the streams ours, theirs" in refused(folder, "--stream", "ours", "--control-stream", "rival")
    assert "cannot be its own control" in refused(folder, "--stream", "ours", "--control-stream", "ours")
    assert "--control-stream needs --stream" in refused(folder, "--control-stream", "ours")


def test_a_picture_never_overwrites_what_is_read(tmp_path: Path) -> None:
    """Neither mentions whose name ends in nothing, nor the policy's baseline.file by another name."""
    folder = project(tmp_path, 0, policy=SHORT.replace("length: 80m", "length: 80m, file: before.jsonl"))
    (folder / "before.jsonl").write_text("of last year\n", encoding="utf-8")
    (folder / "curve.svg").symlink_to("before.jsonl")
    (folder / "mentions").write_text("of this year\n", encoding="utf-8")
    assert "--output would overwrite" in refused(folder, "--output", "curve.svg")
    assert "--output would overwrite mentions" in refused(folder, "--mentions", "mentions", "--output", "mentions")
    assert (folder / "before.jsonl").read_text(encoding="utf-8") == "of last year\n"


def test_a_mention_from_the_future_is_no_history() -> None:
    """No deploy is pretended in the years up to it; it is counted, for the note."""
    with TemporaryDirectory() as shelf:
        folder = project(Path(shelf), 9)
        file = folder / "mentions.jsonl"
        with file.open("a", encoding="utf-8") as lines:
            lines.write(line(9999, START.replace(year=2326), GOOD) + "\n")
        history = History(until=START + timedelta(days=1))
        history.add(file, lambda _position: None)
    assert (history.last, history.mentions, history.ahead) == (START + timedelta(hours=9), 541, 1)


def test_a_picture_that_cannot_be_written_is_found_first(tmp_path: Path) -> None:
    """Before a mention is read: a picture that is no SVG, and a folder that cannot be."""
    folder = project(tmp_path, 0)
    assert "write --output c.svg" in refused(folder, "--output", "c.png")
    assert "cannot write gate.yml/c.svg" in refused(folder, "--output", "gate.yml/c.svg")
    refused(folder, "--output", "c.svg")
    assert not (folder / "c.svg").exists()


def test_a_single_window_is_told_in_plain_words(tmp_path: Path) -> None:
    """One window is one, and says nothing about a rate."""
    folder = project(tmp_path, 2.1, policy=SURE)
    done = gate(folder, "calibrate", "--mentions", "mentions.jsonl", "--jobs", "1")
    assert "the window was not halted; that says nothing about the rate" in done.stdout
    assert "1 window is too few to choose a setting by" in done.stdout


@given(
    hours=st.floats(0, 400),
    baseline=st.integers(1, 100),
    window=st.integers(1, 30),
    most=st.integers(1, 50),
    starts=st.lists(st.integers(0, 400), max_size=5),
)
def test_windows_lie_apart(hours: float, baseline: int, window: int, most: int, starts: list[int]) -> None:
    """Windows lie within the history, never overlap each other or a release's, and are no more than asked for."""
    hour = timedelta(hours=1)
    history = History(first=START, last=START + hours * hour)
    real = [Release("", at, at, at, at + 3 * hour) for at in (START + start * hour for start in starts)]
    cases = pretend(history, baseline=Baseline(baseline * hour), window=window * hour, most=most, releases=real)
    releases = [case.release for case in cases]
    assert len(cases) <= most
    assert all(each.baseline_from >= START and each.window_to <= START + hours * hour for each in releases)
    assert all(a.window_to <= b.deployed_at for a, b in pairwise(releases))
    assert not any(a.deployed_at < b.window_to and b.deployed_at < a.window_to for a in releases for b in real)
    assert cases or hours < baseline + window or real


@given(of=st.integers(1, 500), data=st.data())
def test_intervals_hold_the_rate(of: int, data: st.DataObject) -> None:
    """An interval lies in [0, 1] and holds the rate; none or all of the windows are never the whole truth."""
    rate = Rate(data.draw(st.integers(0, of)), of)
    low, high = rate.interval()
    assert 0 <= low <= rate.part <= high <= 1
    assert low < high


def result(alpha: float, shares: Sequence[float], *, tolerate: float = 0.02, times: int = 1, of: int = 100) -> Result:
    """Make up what came of a setting."""
    points = tuple(Point(c, Rate(round(s * of), of), 10.0, 1.0) for c, s in zip(CHANGES, shares, strict=True))
    return Result(Setting(RULES, alpha, tolerate, times), points[0].caught, 0, points)


def test_the_smallest_change_is_read_off_between_points() -> None:
    """80 % lies halfway from 70 % at 10 points to 90 % at 15; what is never reached is not made up."""
    made = result(0.01, [0, 0.4, 0.7, 0.9, 0.92, 0.93, 0.94])
    assert made.caught(0.8).change == pytest.approx(0.125)
    assert made.caught(0.95).change is None


def test_a_setting_that_breaks_its_promise_is_not_recommended() -> None:
    """Of two settings the sharper one loses if it halts for nothing far more often than its alpha allows."""
    own = result(0.01, [0.01, 0.1, 0.5, 0.9, 1, 1, 1])
    loose = result(0.005, [0.2, 0.6, 0.9, 1, 1, 1, 1])
    assert recommend([own, loose]) is own


def test_what_is_tolerated_is_the_users_to_say() -> None:
    """A smaller tolerance always sees more, and is not recommended for that; nor is a larger one as long as theirs holds."""
    own = result(0.01, [0.01, 0.1, 0.5, 0.9, 1, 1, 1])
    strict = result(0.01, [0.01, 0.6, 0.9, 1, 1, 1, 1], tolerate=0)
    loose = result(0.01, [0, 0.1, 0.5, 0.9, 1, 1, 1], tolerate=0.05)
    assert recommend([own, strict, loose]) is own


def test_a_larger_tolerance_is_offered_with_its_price() -> None:
    """Where nothing that tolerates as much as the policy holds its alpha, the least tolerance that does is named."""
    own = result(0.01, [0.2, 0.6, 0.9, 1, 1, 1, 1])
    strict = result(0.01, [0.3, 0.9, 1, 1, 1, 1, 1], tolerate=0)
    loose = result(0.01, [0.01, 0.1, 0.5, 0.9, 1, 1, 1], tolerate=0.05)
    assert recommend([own, strict, loose]) is None
    assert more_tolerant([own, strict, loose]) is loose
    assert more_tolerant([own, strict]) is None


def test_of_equals_the_stricter_and_shorter_is_recommended() -> None:
    """What sees about the same at less risk, or sooner, is better; a larger alpha than the policy's never is."""
    shares = [0, 0.1, 0.5, 0.9, 1, 1, 1]
    own, strict, long = result(0.01, shares), result(0.001, shares), result(0.001, shares, times=2)
    risky = result(0.05, [0, 0.9, 1, 1, 1, 1, 1])
    assert recommend([own, long, strict, risky]) is strict
    assert recommend([result(0.01, shares, of=12)]) is None


def test_a_policy_without_a_share_rule_keeps_its_rules() -> None:
    """Where no rule has a level there is none to choose: only the policy's own rules are tried."""
    rules = Rules((Threshold(metric="mean_score", min=-0.2),), Minimum(), On(Decision.HOLD, Decision.HOLD))
    assert [setting.rules for setting in settings_of(rules, 1)] == [rules]
    assert summarise(settings_of(rules, 1)[0], []).false_halts.of == 0


def test_words_in_the_picture_are_harmless() -> None:
    """A title from outside cannot close its element or bring a script."""
    text = detection_curve([CurvePoint(0, 0, 0, 0.2)], title="</text><script>", subtitle='"&\x1b[31m')
    ET.fromstring(text)  # noqa: S314 - our own text
    assert "<script" not in text
    assert "\x1b" not in text
