"""``gate backtest``: what it makes of releases and mentions as users have them."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import BAD, DEPLOY, GOOD, POLICY, gate, history, line, project, verdict

if TYPE_CHECKING:
    import subprocess

WORDS = ("--mentions", "mentions.jsonl", "--releases", "r.jsonl", "--output", "v.jsonl", "--jobs", "1")
ONE = {"id": "one", "deployed_at": DEPLOY.isoformat()}


def backtest(folder: Path, *words: str, releases: tuple[object, ...] = (ONE,)) -> subprocess.CompletedProcess[str]:
    """List the releases and run ``gate backtest``."""
    lines = (each if isinstance(each, str) else json.dumps(each) for each in releases)
    (folder / "r.jsonl").write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return gate(folder, "backtest", *WORDS, *words)


def verdicts(folder: Path) -> list[dict[str, Any]]:
    """Read what was written."""
    return [json.loads(each) for each in (folder / "v.jsonl").read_text(encoding="utf-8").splitlines()]


def summary(folder: Path, *words: str, releases: tuple[object, ...] = (ONE,)) -> dict[str, Any]:
    """Run ``gate backtest --json`` and read it."""
    done = backtest(folder, "--json", *words, releases=releases)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("holds", ["the day before", "another year", "nothing"])
def test_a_baseline_file_is_heard_as_the_live_gate_hears_it(tmp_path: Path, holds: str) -> None:
    """Outcome, code and counts are those of ``gate check``, whatever the file holds; two processes read it too."""
    before = [line(n, DEPLOY - timedelta(minutes=n + 1), GOOD) for n in range(60)]
    if holds == "another year":
        before = [line(n, DEPLOY - timedelta(days=400, minutes=n), GOOD) for n in range(60)]
    folder = project(tmp_path, policy=POLICY.replace("length: 1d", "length: 1d, file: before.jsonl"))
    if holds != "nothing":
        (folder / "before.jsonl").write_text("\n".join(before) + "\n", encoding="utf-8")
    live = verdict(folder)
    assert backtest(folder, "--jobs", "2", releases=(ONE, ONE | {"id": "two"})).returncode == 0
    for each in verdicts(folder):
        assert (each["outcome"], each["code"]) == (live["outcome"], live["code"])
        assert (each["mentions_baseline"], each["mentions_post"]) == (
            live["tally"]["mentions_baseline"],
            live["tally"]["mentions_post"],
        )
    assert (each["outcome"] == "pass") is (holds == "the day before")


def test_a_baseline_file_of_several_streams_is_told_apart(tmp_path: Path) -> None:
    """A release with a stream is compared with that stream's part of the file."""
    after = [line(n, DEPLOY + timedelta(seconds=30 * n + 5), GOOD, stream="ios") for n in range(58)]
    before = [line(n, DEPLOY - timedelta(minutes=n), GOOD, stream=("ios", "web")[n % 2]) for n in range(1, 81)]
    folder = project(tmp_path, after, POLICY.replace("length: 1d", "length: 1d, file: before.jsonl"))
    (folder / "before.jsonl").write_text("\n".join(before) + "\n", encoding="utf-8")
    backtest(folder, releases=(ONE | {"stream": "ios"},))
    assert verdicts(folder)[0]["mentions_baseline"] == 40


def test_a_release_before_baseline_release_is_told_what_to_write(tmp_path: Path) -> None:
    """It is named by its line, with the keys that say what it is compared with; with them it is judged."""
    later = (DEPLOY + timedelta(days=1)).isoformat()
    folder = project(tmp_path, policy=POLICY.replace("length: 1d", f"length: 1d, release: '{later}'"))
    done = backtest(folder)
    assert done.returncode == 2
    assert "r.jsonl:1: baseline.release" in done.stderr
    assert "baseline_from and baseline_to in the release's line" in done.stderr
    told = ONE | {"baseline_from": (DEPLOY - timedelta(days=1)).isoformat()}
    assert summary(folder, releases=(told,))["outcomes"] == {"pass": 1}


def test_a_recording_that_ends_early_does_not_pass(tmp_path: Path) -> None:
    """Mentions that stop a third into the window are no calm; the summary names the release, and so does ``--json``."""
    mentions = [
        each for each in history() if json.loads(each)["created_at"] < (DEPLOY + timedelta(minutes=12)).isoformat()
    ]
    folder = project(tmp_path, mentions, POLICY.replace("30m", "6h").replace("1d", "6h"))
    done = backtest(folder)
    assert "1 window reaches far past the last recorded mention: one" in done.stdout
    assert [(each["outcome"], each["code"]) for each in verdicts(folder)] == [("inconclusive", "source_incomplete")]
    assert "no mention is recorded after 2026-03-10 14:11 UTC" in verdicts(folder)[0]["reason"]
    assert summary(folder)["recording_ended_early"] == ["one"]


def test_silence_within_a_recording_is_calm(tmp_path: Path) -> None:
    """The same silence passes where the recording goes on after the window; harm found before an end stays harm."""
    start = (DEPLOY + timedelta(minutes=12)).isoformat()
    policy = POLICY.replace("30m", "6h").replace("1d", "6h")
    early = [each for each in history() if json.loads(each)["created_at"] < start]
    later = line(5000, DEPLOY + timedelta(hours=7), GOOD)
    folder = project(tmp_path, [*early, later], policy)
    assert summary(folder)["outcomes"] == {"pass": 1}
    bad = [line(n, DEPLOY + timedelta(seconds=5 * n), BAD) for n in range(2000, 2060)]
    project(tmp_path, [each for each in early if json.loads(each)["created_at"] < DEPLOY.isoformat()] + bad, policy)
    assert summary(folder)["outcomes"] == {"fail": 1}


def test_a_stream_without_mentions_is_named(tmp_path: Path) -> None:
    """A misspelt stream, or control stream, is told by the release's id, in the text and in ``--json``."""
    streamed = [json.dumps({**json.loads(each), "stream": "ours"}) for each in history()]
    folder = project(tmp_path, streamed)
    releases = (ONE | {"stream": "our"}, ONE | {"id": "two", "stream": "ours", "control_stream": "rivl"})
    text = backtest(folder, releases=releases).stdout
    assert "1 release had no mention at all, before the deploy or after it: one." in text
    assert "1 release names a control_stream without a mention, and was judged without a control: two." in text
    found = summary(folder, releases=releases)
    assert (found["without_mentions"], found["control_without_mentions"]) == (["one"], ["two"])


def test_what_failed_is_named_with_its_reason(tmp_path: Path) -> None:
    """The first few in the text, all of them in ``--json``."""
    folder = project(tmp_path, history(0.9))
    releases = tuple(ONE | {"id": f"r{n}"} for n in range(7))
    text = backtest(folder, releases=releases).stdout
    reason = verdicts(folder)[0]["reason"]
    assert f"  r0: {reason}" in text
    assert "  r5: " not in text
    assert "and 2 more that failed; they are in the verdicts." in text
    failed = summary(folder, releases=releases)["failed"]
    assert [each["id"] for each in failed] == [f"r{n}" for n in range(7)]
    assert failed[0]["reason"] == reason


def test_releases_may_be_gzipped(tmp_path: Path) -> None:
    """As mentions may be; what is not whole is refused by name."""
    folder = project(tmp_path)
    packed = gzip.compress(json.dumps(ONE).encode())
    (folder / "r.jsonl.gz").write_bytes(packed)
    words = ("backtest", *WORDS[:2], "--releases", "r.jsonl.gz", *WORDS[4:])
    assert gate(folder, *words).returncode == 0
    (folder / "r.jsonl.gz").write_bytes(packed[:-12])
    done = gate(folder, *words)
    assert done.returncode == 2
    assert "cannot read the releases in r.jsonl.gz" in done.stderr


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[1, 2]", "JSON, but no object"),
        ('"x"', "JSON, but no object"),
        ("null", "JSON, but no object"),
        ("{", "not JSON"),
        (ONE | {"id": None}, "no id, or nothing in it"),
        (ONE | {"id": ["a"]}, "id must be text"),
        (ONE | {"stream": ["a"]}, "stream must be text"),
        ({"id": "one"}, "no deployed_at"),
        ({"id": "one", "deployed_at": "yesterday"}, "deployed_at must be a time with its zone"),
        (ONE | {"window_to": 5}, "window_to must be a time with its zone"),
        (ONE | {"deployed_at": "9999-12-31T23:59:00Z"}, "deployed_at is so far from today"),
    ],
)
def test_a_line_that_is_no_release_is_named(tmp_path: Path, written: object, said: str) -> None:
    """File, line, field and what is wrong with it; never a fault of the gate."""
    from gate.backtest import read_cases
    from gate.errors import UsageFault
    from gate.policy import load_text

    good = json.dumps(ONE | {"id": "good"})
    bad = written if isinstance(written, str) else json.dumps(written)
    (tmp_path / "r.jsonl").write_text(f"{good}\n{bad}\n", encoding="utf-8")
    with pytest.raises(UsageFault) as fault:
        read_cases(tmp_path / "r.jsonl", load_text(POLICY))
    assert f"r.jsonl:2: {said}" in fault.value.message
    assert fault.value.hint


def test_an_output_that_cannot_be_written_is_found_first(tmp_path: Path) -> None:
    """Before a mention is read; and a run that fails leaves an older output as it was, and no new one."""
    folder = project(tmp_path, ["no mention"])
    done = backtest(folder, "--output", "gate.yml/v.jsonl")
    assert done.returncode == 2
    assert "cannot write gate.yml/v.jsonl" in done.stderr
    assert backtest(folder).returncode == 2
    assert not (folder / "v.jsonl").exists()
    (folder / "v.jsonl").write_text("of yesterday\n", encoding="utf-8")
    assert backtest(folder).returncode == 2
    assert (folder / "v.jsonl").read_text(encoding="utf-8") == "of yesterday\n"
    done = backtest(folder, "--output", "./mentions.jsonl")
    assert "--output would overwrite mentions.jsonl" in done.stderr


def test_verdicts_never_overwrite_the_policys_baseline_file(tmp_path: Path) -> None:
    """It is read, too, from the policy's folder."""
    folder = project(tmp_path, policy=POLICY.replace("length: 1d", "length: 1d, file: before.jsonl"))
    (folder / "before.jsonl").write_text("of last year\n", encoding="utf-8")
    done = backtest(folder, "--output", "./before.jsonl")
    assert done.returncode == 2
    assert "--output would overwrite" in done.stderr
    assert (folder / "before.jsonl").read_text(encoding="utf-8") == "of last year\n"


def test_a_release_may_have_any_name(tmp_path: Path) -> None:
    """Also one that is half a character, as JSON cut in the middle of an escape holds it."""
    folder = project(tmp_path)
    assert summary(folder, releases=(ONE | {"name": "\ud800"},))["outcomes"] == {"pass": 1}


def test_a_mention_from_the_future_does_not_go_on_with_a_recording(tmp_path: Path) -> None:
    """One misdated line does not make the silence after an end a calm; text and ``--json`` tell of it."""
    start = (DEPLOY + timedelta(minutes=12)).isoformat()
    early = [each for each in history() if json.loads(each)["created_at"] < start]
    lines = [*early, line(9999, DEPLOY.replace(year=2326), GOOD)]
    folder = project(tmp_path, lines, POLICY.replace("30m", "6h").replace("1d", "6h"))
    found = summary(folder)
    assert (found["recording_ended_early"], found["dated_after_now"]) == (["one"], 1)
    assert "1 mention dated after now" in backtest(folder).stdout


def test_what_came_to_no_answer_says_why(tmp_path: Path) -> None:
    """One release for each reason in the text, with the names of those that share it."""
    folder = project(tmp_path)
    early = ONE | {"id": "two", "deployed_at": (DEPLOY - timedelta(days=3)).isoformat()}
    releases = (early, early | {"id": "three"}, ONE)
    text = backtest(folder, releases=releases).stdout
    assert "  two: Inconclusive: nothing to compare with" in text
    assert "(baseline_too_small; so with three)" in text
    assert summary(folder, releases=releases)["unsure"][0]["ids"] == ["two", "three"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stream": ["a"]}, "stream is a list"),
        ({"text": None}, "no field 'text'"),
        ({"text": 5}, "text is a number"),
        ({"id": None}, "no field 'id'"),
        ({"created_at": "2026-03-10T14:00:00"}, "created_at: "),
        ({"created_at": "9999-12-31T23:59:59-01:00"}, "created_at: a time outside the years 1 to 9999"),
        ({"created_at": "0001-01-01T00:00:00+01:00"}, "created_at: a time outside the years 1 to 9999"),
        ({"created_at": "2026-03-10T14:10:00Z", "rating": "five"}, "rating is not a number"),
    ],
)
def test_a_line_that_is_no_mention_is_named_or_counted(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    """Whichever pass finds it: by file, line and what is wrong with it; or left out, once however many releases hear it."""
    bad = json.dumps({**json.loads(line(7, DEPLOY, GOOD)), **fields})
    folder = project(tmp_path, [*history()[:150], bad, *history()[150:]])
    releases = (ONE, ONE | {"id": "two"})
    done = backtest(folder, releases=releases)
    assert done.returncode == 2
    assert f"mentions.jsonl:151: {said}" in done.stderr
    assert "--skip-bad-lines" in done.stderr
    found = summary(folder, "--skip-bad-lines", releases=releases)
    assert (found["outcomes"], found["mentions"], found["unreadable_lines"]) == ({"pass": 2}, 198, 1)


def test_odd_lines_are_read_as_the_live_gate_reads_them(tmp_path: Path) -> None:
    """Times as seconds since 1970, streams and ids as numbers, a byte order mark at the beginning."""
    read = [json.loads(each) for each in history()]
    odd = [
        {**each, "created_at": int(datetime.fromisoformat(each["created_at"]).timestamp()), "stream": 5}
        for each in read
    ]
    folder = project(tmp_path, [json.dumps({**each, "id": n + 1}) for n, each in enumerate(odd)])
    file = folder / "mentions.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert backtest(folder, releases=(ONE | {"stream": 5},)).returncode == 0
    assert (verdicts(folder)[0]["mentions_baseline"], verdicts(folder)[0]["mentions_post"]) == (140, 58)


def test_the_example_in_the_docs_runs(tmp_path: Path) -> None:
    """Releases, command, output and verdict, word for word."""
    root = Path(__file__).resolve().parent.parent
    page = (root / "docs/backtest.md").read_text(encoding="utf-8")

    def shown(name: str) -> str:
        found = re.search(rf"<!-- {name}: [^>]* -->\n```\w+\n(.*?)```", page, re.DOTALL)
        assert found, name
        return found[1]

    shutil.copytree(root / "gate/demo", tmp_path / "gate/demo")
    (tmp_path / "releases.jsonl").write_text(shown("releases"), encoding="utf-8")
    done = gate(tmp_path, *shlex.split(shown("command").replace("\\\n", " "))[1:], "--jobs", "1")
    assert done.stdout == shown("output")
    written = (tmp_path / "verdicts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert written[0] == shown("verdict")
    rows = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(json.loads(written[0])) <= rows


def test_a_sparse_baseline_does_not_hide_the_end_of_a_recording(tmp_path: Path) -> None:
    """Hours of silence before a busy release are usual there, and none of that release's silences."""
    quiet = [line(n, DEPLOY - timedelta(hours=n + 1), GOOD) for n in range(100)]
    busy = [line(1000 + n, DEPLOY + timedelta(seconds=30 * n), GOOD) for n in range(58)]
    folder = project(tmp_path, [*quiet, *busy], POLICY.replace("length: 30m", "length: 3h").replace("1d", "5d"))
    assert summary(folder)["recording_ended_early"] == ["one"]
