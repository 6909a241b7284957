"""What the command line does when something is wrong: hostile words, streams nobody reads, times that are none."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import resource
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from gate import cli
from gate.cli.files import cannot_write, write
from gate.cli.live import LiveView
from gate.cli.parameters import MOMENT
from gate.cli.progress import PlainView, choose
from gate.cli.terminal import SafeFormatter, Unheard, style
from gate.errors import Fault, GateError, PolicyFault, SourceDown, UsageFault
from gate.model import Look, Outcome
from gate.policy import load_text
from gate.remembering import Baseline
from tests.cli.commands import DEPLOY as PAST
from tests.cli.commands import environment, history, project
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL
from tests.support import DEPLOY, ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

EVIL = "\x1b[31mred\x1b]0;title\x07\r::error::boom ##vso[task.complete]\u202e"
POLICY = load_text(
    """
version: 1
release: "#brimly"
sources: [{type: file, path: mentions.jsonl}]
window: {settle: 5m, length: 45m, every: 60s}
on: {inconclusive: hold, error: hold}
"""
)


def run(*words: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as done:
        cli.main(words)
    assert isinstance(done.value.code, int)
    return done.value.code


def assert_harmless(output: str) -> None:
    """Neither a terminal nor a runner finds anything to obey in it."""
    assert all(char == "\n" or char.isprintable() for char in output)
    assert "::" not in output
    assert "##" not in output


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Return a way to make ``gate broken`` a command that raises."""

    def install(fault: Exception) -> None:
        def raise_it() -> None:
            raise fault

        monkeypatch.setitem(cli.COMMANDS, "broken", "")
        module: Any = type(sys)("gate.cli.broken")
        module.command = click.Command("broken", callback=raise_it)
        monkeypatch.setitem(sys.modules, "gate.cli.broken", module)

    return install


@pytest.mark.parametrize("flags", [[], ["--debug"]])
def test_hostile_errors_are_harmless(
    failing: Callable[[Exception], None], capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """Whatever a server or file says in message, hint or quote, the error shows its words and nothing acts."""
    for _, text in (("evil", EVIL), *HOSTILE):
        fault = SourceDown(f"it said {text}", hint=f"ask {text}")
        fault.quote = f"quoted {text}"
        failing(fault)
        assert run(*flags, "broken") == 12
        failing(RuntimeError(text))
        assert run(*flags, "broken") == 1
        assert_harmless(capsys.readouterr().err)


def test_an_error_says_message_quote_and_next_step(
    failing: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line each, in this order; a message of several lines keeps their indentation."""
    fault = SourceDown("two are wrong:\n  a\n  b", hint="mend them")
    fault.quote = "what it\nsent"
    failing(fault)
    run("broken")
    expected = "gate: two are wrong:\n  a\n  b\n  it says: what it sent\n  next: mend them\n"
    assert capsys.readouterr().err == expected


def test_each_fault_of_a_policy_begins_its_line(
    failing: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several the first has no other prefix than the rest, so that editors and CI find file and line of each."""
    faults = tuple(Fault("gate.yml", line, "rules", "missing") for line in (4, 7))
    failing(PolicyFault(faults))
    assert run("broken") == 2
    expected = "gate: 2 faults\ngate.yml:4: rules: missing\ngate.yml:7: rules: missing\n"
    after = "  next: mend what is named and run again\n"
    assert capsys.readouterr().err == expected + after
    failing(PolicyFault(faults[:1]))
    run("broken")
    assert capsys.readouterr().err == "gate: gate.yml:4: rules: missing\n" + after


def test_hostile_arguments_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """A branch name or a path from a pipeline's variables does nothing where it is refused."""
    for words in (["runs", "--limit", EVIL], [EVIL], ["replay", EVIL], ["check", "-p", EVIL], ["runs", f"--{EVIL}"]):
        assert run(*words) in {2, 12}
        assert_harmless(capsys.readouterr().err)


def test_debug_logs_are_harmless() -> None:
    """With --debug, what a server says goes through the same sieve."""
    record = logging.LogRecord("x", logging.DEBUG, "x.py", 1, "heard %s", (EVIL,), None)
    assert_harmless(SafeFormatter().format(record))


def test_json_output_holds_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A release name that is a workflow command stays text in every --json, and reads back as it was."""
    name = "::set-output name=decision::promote ##vso[task.complete]"
    folder = project(tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GATE_STORE", str(folder / "gate.db"))
    when = ["--deployed-at", PAST.isoformat()]
    assert run("check", *when, "--release", name, "--evidence", "pack", "--plain") in {0, 11}
    capsys.readouterr()
    for words in (["runs", "--json"], ["log", "--json"], ["doctor", "--json"], ["replay", "pack", "--json"]):
        run(*words)
        output = capsys.readouterr().out
        assert_harmless(output)
        found = [json.loads(line) for line in output.splitlines()]
        assert found
        if words[0] == "runs":
            assert found[0]["release"] == name


def test_a_changed_row_is_told_without_its_escapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changed the database cannot forge what ``log --verify`` says of it."""
    folder = project(tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GATE_STORE", str(folder / "gate.db"))
    run("check", "--deployed-at", PAST.isoformat())
    capsys.readouterr()
    with sqlite3.connect(folder / "gate.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE events SET kind = ?, at = ? WHERE seq = 2", (EVIL, EVIL + "\nall is as recorded"))
    database.close()
    assert run("log", "--verify") == 12
    error = capsys.readouterr().err
    assert_harmless(error)
    assert "events row 2: was changed" in error
    assert "\nall is as recorded" not in error


class Gone(io.StringIO):
    """A stream whose reader went away."""

    def write(self, _text: str) -> int:
        """Fail as a pipe does."""
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    def isatty(self) -> bool:
        """Yes: so was it when it was asked."""
        return True


def closed() -> io.StringIO:
    """Return a stream that somebody closed."""
    stream = io.StringIO()
    stream.close()
    return stream


def looks(count: int, every: timedelta = timedelta(minutes=1)) -> Iterator[Look]:
    """Yield looks that all brought something; the last one fails."""
    for number in range(1, count + 1):
        at = DEPLOY + every * number
        outcome = Outcome.FAIL if number == count else Outcome.WAITING
        verdict = replace(FAIL, decided_at=at, outcome=outcome, coverage=FAIL.coverage[:1])
        yield Look(number, at, (scored(number, 0.9),), (), verdict, at + every)


@pytest.mark.parametrize(
    ("view", "stream"),
    [(PlainView, Gone()), (PlainView, closed()), (PlainView, None), (LiveView, Gone()), (LiveView, closed())],
)
def test_the_watch_goes_on_when_nobody_hears_it(
    view: Callable[[TextIO | None, ManualClock], PlainView | LiveView], stream: TextIO | None
) -> None:
    """A reader of progress that went away is no reason to stop watching a release."""
    shown = view(stream, ManualClock())
    shown.started("run", POLICY, release())
    shown.heard_baseline(Baseline((), (), (), ("a note",)))
    for look in looks(3):
        shown.looked(look)
    shown.close()


def test_no_stream_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a closed standard error the plain view is chosen, and a report is plain text."""
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(choose(ManualClock(), environ={}), PlainView)
    assert isinstance(choose(ManualClock(), stream=closed(), environ={}), PlainView)
    for stream in (None, closed()):
        assert (style(stream).width, style(stream).color) == (0, False)
        assert not Unheard(stream).isatty()


@pytest.mark.parametrize("ending", ["2>&1 | head -1", "2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_lost_stream_changes_no_verdict(tmp_path: Path, ending: str) -> None:
    """Full, closed or without a reader: a release that fails still exits with 10."""
    folder = project(tmp_path, history(0.9))
    command = f"{shlex.quote(sys.executable)} -m gate check --deployed-at {PAST.isoformat()} {ending}"
    script = f"set -o pipefail; {command}; exit $?"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment(folder), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 10
    with sqlite3.connect(folder / "gate.db") as database:
        assert database.execute("SELECT outcome FROM runs").fetchall() == [("fail",)]
    database.close()


@pytest.mark.parametrize("ending", [">/dev/full"])
def test_lost_output_of_a_listing_is_no_success(tmp_path: Path, ending: str) -> None:
    """A command without a verdict whose output got lost exits with 1, without a traceback."""
    script = f"set -o pipefail; {shlex.quote(sys.executable)} -m gate schema {ending}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "when",
    [
        "99999999w ago",
        "51w99999999d ago",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T23:59:59Z",
    ],
)
def test_times_beyond_any_release_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], when: str
) -> None:
    """Exit 2 and a sentence, where arithmetic would overflow."""
    monkeypatch.chdir(project(tmp_path))
    assert run("check", "--deployed-at", when) == 2
    assert "write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-10", "2026-03-10T00:00:00Z"),
        ("20260310", "2026-03-10T00:00:00Z"),
        ("2026-03-10T14:00", "2026-03-10T14:00:00Z"),
        ("2026-03-10 14:00", "2026-03-10T14:00:00Z"),
    ],
)
def test_what_is_suggested_is_a_time(written: str, meant: str) -> None:
    """The hint for a time without zone can be pasted as it stands."""
    with pytest.raises(click.BadParameter, match=meant):
        MOMENT.convert(written, None, None)
    assert MOMENT.convert(meant, None, None) == datetime.fromisoformat(meant)


def test_times_that_are_some() -> None:
    """The three ways to say when."""
    assert MOMENT.convert("now", None, None) == timedelta(0)
    assert MOMENT.convert("1h30m ago", None, None) == timedelta(minutes=90)
    assert MOMENT.convert("2026-03-10T15:00:00+01:00", None, None) == datetime(2026, 3, 10, 14, tzinfo=UTC)


def test_demo_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is a file, or lies in one: exit 2 with a next step."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "sub"):
        assert run("demo", "--folder", str(folder)) == 2
        assert "choose another name" in capsys.readouterr().err


def test_demo_in_plain_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles have no colour in NO_COLOR; the next line can be pasted; --json gives the two verdicts and nothing else."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    folder = tmp_path / "my demo"
    assert run("demo", "--folder", str(folder)) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert f"--store {shlex.quote(str(folder / 'gate.db'))}`" in output
    assert run("demo", "--json", "--folder", str(folder)) == 0
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [verdict["outcome"] for verdict in verdicts] == ["fail", "pass"]


def limit_files(size: int) -> Callable[[], None]:
    """Return what a child does to be allowed files of so many bytes only."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_run_log_that_cannot_grow_says_why(tmp_path: Path) -> None:
    """Over a limit SQLite speaks of an I/O error; the message names what it may be, and what helps."""
    folder = project(tmp_path)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "gate", "check", "--deployed-at", PAST.isoformat()],
        cwd=folder,
        env=environment(folder),
        preexec_fn=limit_files(40 * 1024),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 12
    assert "full, or over a limit (ulimit -f)" in done.stderr


def test_init_without_room_speaks_of_room(tmp_path: Path) -> None:
    """No space is no matter of rights; and no half-written policy is left to be in the way of the next try."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "gate", "init"],
        cwd=tmp_path,
        env=environment(tmp_path),
        preexec_fn=limit_files(10),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "free some space" in done.stderr
    assert not (tmp_path / "gate.yml").exists()


def test_the_hint_fits_the_error(tmp_path: Path) -> None:
    """Room, a file in the way, rights: each has its own next step."""
    for number, hint in ((errno.EDQUOT, "space"), (errno.ENOTDIR, "another name"), (errno.EACCES, "may write")):
        assert hint in cannot_write(tmp_path, OSError(number, os.strerror(number))).hint
    with pytest.raises(UsageFault, match="Is a directory"):
        write(tmp_path, "x")


def test_a_full_output_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a bug of the gate."""
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        from gate.cli.terminal import say

        with pytest.raises(GateError, match="standard output cannot be written"):
            say("x")
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


@pytest.mark.parametrize(("length", "every"), [(timedelta(days=1), 3), (timedelta(minutes=45), 1)])
def test_a_past_window_is_told_in_about_twenty_lines(length: timedelta, every: int) -> None:
    """A day of looks that all brought something does not bury the verdict; first and last are told."""
    stream = io.StringIO()
    view = PlainView(stream, ManualClock(DEPLOY + timedelta(days=30)))
    view.started("run", POLICY, release(length))
    count = length // timedelta(minutes=every)
    for look in looks(count, timedelta(minutes=every)):
        view.looked(look)
    told = [line for line in stream.getvalue().splitlines() if ": look " in line]
    assert 10 <= len(told) <= 22
    assert ": look 1: " in told[0]
    assert f": look {count}: " in told[-1]


def test_a_source_that_fails_in_the_past_is_told() -> None:
    """Between the looks that are told, trouble and its end still are."""
    stream = io.StringIO()
    view = PlainView(stream, ManualClock(DEPLOY + timedelta(days=30)))
    view.started("run", POLICY, release(timedelta(days=1)))
    for look in looks(20):
        heard = FAIL.coverage if look.number in {7, 8} else FAIL.coverage[:1]
        heard = tuple(replace(each, complete=True) for each in FAIL.coverage) if look.number > 8 else heard
        view.looked(replace(look, verdict=replace(look.verdict, coverage=heard)))
    told = [line for line in stream.getvalue().splitlines() if "source mastodon" in line]
    assert len(told) == 2
