"""Programs of users, run for real: what they are told, how they end, and what hostile text cannot do."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.actions.command import IN_ARGUMENTS, Action, Options
from gate.errors import ActionRefused, Cancelled, SourceDown, UsageFault
from gate.http import interrupt, resume
from gate.ports import ActionContext
from tests.actions.conformance import NOW, OCCASION
from tests.hostile import HOSTILE
from tests.support import ManualClock

if TYPE_CHECKING:
    from gate.model import Check, Occasion

TELLS = """\
import json, os, sys
with open("told.json", "w") as file:
    json.dump({"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(),
               "evidence": os.listdir(os.environ["GATE_EVIDENCE"]), "report": open(os.environ["GATE_REPORT"]).read()}, file)
print("first\\nrolled back")
"""
ENVIRON = {"PATH": os.environ["PATH"], "X_TOKEN": "tok-0123456789", "KUBECONFIG": "/etc/kube/config", "HOME": "/root"}


def action(folder: Path, script: str, *arguments: str, **options: Any) -> Action:  # noqa: ANN401 - any option
    """Have it run a script in that folder."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    context = ActionContext(folder, pytest.fail, ManualClock(NOW), environ=ENVIRON)
    return Action(Options((sys.executable, "script.py", *arguments), **options), context)


def with_evidence(occasion: Occasion = OCCASION) -> Occasion:
    """Give it evidence."""

    def write(folder: str) -> None:
        Path(folder).mkdir()
        (Path(folder) / "verdict.json").write_text("{}", encoding="utf-8")

    return replace(occasion, evidence=write)


def test_what_a_program_is_told(tmp_path: Path) -> None:
    """Facts in arguments and environment, a folder of evidence, the report; of the gate's environment only what is named."""
    ran = action(tmp_path, TELLS, "--to", "v{release}", "{code}", environment=("KUBECONFIG",))
    assert ran.run(with_evidence()).endswith("ran: rolled back")
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert told["arguments"] == ["--to", f"v{OCCASION.release.name}", "share_rose"]
    known = told["environment"]
    assert known["GATE_REASON"] == "Fail: the share rose."
    assert (known["GATE_RUN"], known["GATE_KEY"], known["GATE_AGAIN"]) == (OCCASION.run, OCCASION.key, "0")
    assert known["GATE_PAGE"] == OCCASION.url
    assert known["KUBECONFIG"] == "/etc/kube/config"
    assert "X_TOKEN" not in known
    assert told["folder"] == str(tmp_path.resolve())
    assert told["evidence"] == ["verdict.json"]
    assert told["report"] == OCCASION.markdown
    assert not Path(known["GATE_EVIDENCE"]).exists()


def test_a_dry_run_shows_it(tmp_path: Path) -> None:
    """Program, arguments and facts are shown, names and not values of what is handed on; nothing is run."""
    shown = action(tmp_path, TELLS, "{release}", environment=("X_TOKEN",))
    (intent,) = shown.intents(OCCASION)
    assert (intent.method, intent.where) == ("RUN", sys.executable)
    assert isinstance(intent.body, dict)
    assert intent.body["arguments"] == ["script.py", OCCASION.release.name]
    assert intent.body["environment"]["GATE_REASON"] == "Fail: the share rose."
    assert "tok-0123456789" not in repr(intent)
    assert not (tmp_path / "told.json").exists()


@pytest.mark.parametrize("place", ["{release}", "--to={ref}", "x{ref}"])
def test_hostile_text_is_no_argument(tmp_path: Path, place: str) -> None:
    """Whatever a fact holds, an argument with it in is a plain word, or the command is not run; no shell could be fooled."""
    shown, refused = action(tmp_path, TELLS, place), 0
    for name, text in HOSTILE:
        release = replace(OCCASION.release, name=text)
        try:
            (intent,) = shown.intents(replace(OCCASION, labels={"ref": text}, release=release))
        except ActionRefused:
            refused += 1
            continue
        assert isinstance(intent.body, dict)
        word = intent.body["arguments"][1].removeprefix("--to=")
        assert not word.startswith("-"), name
        assert not set(word) & set(" \t\n\r'\"\\`$;&|<>(){}[]*?!~^%,="), name
    assert refused > len(HOSTILE) / 2


@given(text=st.text(max_size=50), before=st.sampled_from(["", "-", "--to=", "x"]))
def test_no_text_is_an_option_or_code(text: str, before: str) -> None:
    """For any text at all: an argument keeps what stands before the fact, and the fact is a plain word in it."""
    context = ActionContext(Path(), pytest.fail, ManualClock(NOW), environ=ENVIRON)
    labelled = replace(OCCASION, labels={"ref": text})
    with suppress(ActionRefused):
        (intent,) = Action(Options(("echo", before + "{ref}")), context).intents(labelled)
        assert isinstance(intent.body, dict)
        (argument,) = intent.body["arguments"]
        assert argument.startswith(before)
        assert re.fullmatch(r"([A-Za-z0-9#][\w.:/@+#-]*)?", argument.removeprefix(before), re.ASCII)


def test_where_a_fact_may_stand(tmp_path: Path) -> None:
    """Who may not have a fact as an argument is told which variable holds it."""
    with pytest.raises(ActionRefused, match="ref holds what has no place"):
        action(tmp_path, TELLS, "/srv/{ref}").run(replace(OCCASION, labels={"ref": "a/../../etc"}))
    with pytest.raises(ActionRefused, match="ref holds what has no place") as raised:
        action(tmp_path, TELLS, "{ref}").run(replace(OCCASION, labels={"ref": "a;b"}))
    assert "GATE_REF" in raised.value.hint


def test_hostile_text_in_the_environment(tmp_path: Path) -> None:
    """What may be no argument arrives in the environment, on one line, and is run by nobody."""
    verdict = replace(OCCASION.verdict, reason="$(touch evil) `touch evil`; touch evil\n##vso[task.complete]\0")
    action(tmp_path, TELLS).run(with_evidence(replace(OCCASION, verdict=verdict)))
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert told["environment"]["GATE_REASON"].startswith("$(touch evil)")
    assert "\n" not in told["environment"]["GATE_REASON"]
    assert not (tmp_path / "evil").exists()


def test_again(tmp_path: Path) -> None:
    """Exit status 75 asks for another try, which is told that it is one."""
    script = "import os, sys; print('busy', os.environ['GATE_AGAIN']); sys.exit(75 if os.environ['GATE_AGAIN'] == '0' else 0)"
    with pytest.raises(SourceDown, match="asks to be run again: busy 0"):
        action(tmp_path, script).run(OCCASION)
    assert action(tmp_path, script).run(replace(OCCASION, again=True)).endswith("ran: busy 1")


def test_failed(tmp_path: Path) -> None:
    """Any other status is a failure for good, and the log has the last line without the secret in it."""
    script = "import os, sys; print('no access with', os.environ['X_TOKEN'], '\\x1b[31m::error::x'); sys.exit(3)"
    with pytest.raises(ActionRefused, match="failed with 3: no access with") as raised:
        action(tmp_path, script, environment=("X_TOKEN",)).run(OCCASION)
    assert "tok-0123456789" not in raised.value.message
    assert "\x1b" not in raised.value.message


@pytest.mark.parametrize(
    "script",
    ["print('x' * 190, os.environ['X_TOKEN'])", "print(os.environ['X_TOKEN'] * 500)", "print(os.environ['KEY'])"],
    ids=["where it is cut", "longer than what is read", "several lines"],
)
def test_no_part_of_a_secret_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Not a piece of it either, where a line is cut in the middle of it or the secret has several lines."""
    monkeypatch.setitem(ENVIRON, "KEY", "-----BEGIN KEY-----\nMIIBOwIBAAJB\n-----END KEY-----\n")
    told = action(tmp_path, f"import os; {script}", environment=("X_TOKEN", "KEY")).run(OCCASION)
    assert not [each for each in ("tok-", "0123", "END KEY") if each in told]


def test_no_program(tmp_path: Path) -> None:
    """What cannot be started is a failure for good, with what to check."""
    context = ActionContext(tmp_path, pytest.fail, ManualClock(NOW), environ=ENVIRON)
    for program in ("./missing.sh", "no-such-program"):
        with pytest.raises(ActionRefused, match="cannot be started") as raised:
            Action(Options((program,)), context).run(OCCASION)
        assert raised.value.hint


def test_a_relative_program_is_beside_the_policy(tmp_path: Path) -> None:
    """Wherever the gate was started, a relative path starts at the policy's folder."""
    script = tmp_path / "roll-back.sh"
    script.write_text("#!/bin/sh\necho $0 $1\n", encoding="utf-8")
    script.chmod(0o700)
    context = ActionContext(tmp_path, pytest.fail, ManualClock(NOW), environ=ENVIRON)
    assert "roll-back.sh fail" in Action(Options(("./roll-back.sh", "{outcome}")), context).run(OCCASION)


def test_evidence_that_cannot_be_written(tmp_path: Path) -> None:
    """A rollback is run although no evidence could be written; the variable is empty then."""

    def none(_folder: str) -> None:
        message = "no look has been made"
        raise UsageFault(message)

    script = "import os; print(repr(os.environ['GATE_EVIDENCE']))"
    assert action(tmp_path, script).run(replace(OCCASION, evidence=none)).endswith("ran: ''")


def test_too_long(tmp_path: Path) -> None:
    """What takes too long is ended with all that it started, and has failed for good."""
    context = ActionContext(tmp_path, pytest.fail, ManualClock(NOW), environ=ENVIRON)
    command = ("sh", "-c", "(trap '' TERM; exec sleep 3600) & echo $! > pids; wait")
    with pytest.raises(ActionRefused, match=r"sh took longer than 1\.5 s and was ended"):
        Action(Options(command, timeout=timedelta(seconds=1.5)), context).run(OCCASION)
    pid = int((tmp_path / "pids").read_text(encoding="utf-8"))
    assert _gone(pid)


def test_told_to_stop(tmp_path: Path) -> None:
    """When the process is told to stop, so is the program."""
    script = "import os, time; open('pids.new', 'w').write(str(os.getpid())); os.rename('pids.new', 'pids'); time.sleep(3600)"
    raised: list[int] = []

    def run() -> None:
        try:
            action(tmp_path, script, timeout=timedelta(minutes=5)).run(OCCASION)
        except Cancelled as stop:
            raised.append(stop.signal_number)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not (tmp_path / "pids").exists() and thread.is_alive():
            thread.join(0.02)
        interrupt(signal.SIGTERM)
        thread.join(20)
    finally:
        resume()
    assert raised == [signal.SIGTERM]
    assert _gone(int((tmp_path / "pids").read_text(encoding="utf-8")))


def _gone(pid: int) -> bool:
    """Say whether a process ends within ten seconds, or has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 10)[0])
    finally:
        os.close(watched)


def test_a_doctor_looks_for_the_program(tmp_path: Path) -> None:
    """Whether there is such a program, and it may be run, is known beforehand."""
    (tmp_path / "here.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    context = ActionContext(tmp_path, pytest.fail, ManualClock(NOW), environ=ENVIRON)

    def check(program: str) -> Check:
        (found,) = Action(Options((program,)), context).check()
        return found

    assert check("sh").ok
    assert not check("./here.sh").ok
    (tmp_path / "here.sh").chmod(0o700)
    assert check("./here.sh").ok
    assert check("./missing.sh").fix


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"command": ()}, "command must name a program"),
        ({"command": ("{release}",)}, "its program as it is"),
        ({"command": ("sh", "-c", "echo {reason}")}, "GATE_REASON"),
        ({"command": ("echo", "{mood}")}, "which nobody fills"),
        ({"command": ("echo", "a\0b")}, "NUL"),
        ({"command": ("echo",), "environment": ("A=b",)}, "no name of a variable"),
        ({"command": ("echo",), "timeout": timedelta(hours=1)}, "timeout"),
    ],
)
def test_faults(options: dict[str, Any], fault: str) -> None:
    """What could not be run, or not safely, is refused before a run."""
    with pytest.raises(ValueError, match=fault):
        Options(**options)


def test_the_verdicts_sentence_is_never_an_argument() -> None:
    """What may quote others has no place in arguments."""
    assert not {"reason", "url"} & set(IN_ARGUMENTS)
