"""What a step leaves behind on GitHub: outputs, summary, annotations, and nothing that a stranger chose."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gate.ci.github import GitHub
from gate.errors import Cancelled, Fault, PolicyFault, SourceDown, UsageFault
from gate.model import Decision, Outcome
from tests.cli.commands import BAD, DEPLOY, POLICY, history, line, project
from tests.github.runner import Log, Runner
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL, NOTHING, hostile_report, report
from tests.test_layout import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a runner whose step has not begun."""
    return Runner(tmp_path)


def told(runner: Runner, said: list[str]) -> GitHub:
    """Return the system inside of which the gate runs."""
    return GitHub(runner.environment(), said.append)


def check(runner: Runner, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``gate check --ci github`` on a deploy in the past."""
    return subprocess.run(
        [sys.executable, "-m", "gate", "check", "--ci=github", f"--deployed-at={DEPLOY.isoformat()}", *words],
        cwd=runner.folder,
        env={**os.environ, **runner.environment(), "GATE_STORE": str(runner.folder / "gate.db")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_failed_release_is_told_in_all_places(runner: Runner) -> None:
    """Outputs for the jobs that follow, a summary for people, one annotation, and the report as a file."""
    project(runner.folder, history(0.9))
    done = check(runner)
    assert done.returncode == 10, done.stdout
    outputs = runner.outputs()
    assert set(outputs) == set(ACTION["outputs"])
    assert (outputs["outcome"], outputs["decision"], outputs["code"]) == ("fail", "halt", "share_rose")
    assert "negative" in outputs["reason"]
    assert float(outputs["share-before"]) == 0.2
    assert float(outputs["share-after"]) > 0.8
    assert float(outputs["odds"]) > 100
    assert int(outputs["mentions"]) > 5
    assert outputs["run-url"] == "https://github.com/acme/app/actions/runs/4711"
    summary = runner.summary.read_text(encoding="utf-8")
    assert summary.startswith("## ✗ FAIL → halt the rollout\n")
    assert "`████" in summary
    assert Path(outputs["report"]).read_text(encoding="utf-8") == summary
    assert [name for name, _ in Log(done.stdout).commands] == ["error"]


def test_a_policy_with_faults_is_told_line_by_line(runner: Runner) -> None:
    """Each fault is annotated where it stands; the outputs promote nothing and roll nothing back."""
    project(runner.folder, policy=POLICY.replace("every: 60s", "evry: 60s").replace("hold}", "holt}"))
    done = check(runner)
    assert done.returncode == 2
    assert runner.outputs() | {"reason": ""} == {
        **dict.fromkeys(ACTION["outputs"], ""),
        "outcome": "error",
        "decision": "hold",
        "code": "no_verdict",
        "run-url": "https://github.com/acme/app/actions/runs/4711",
    }
    assert "::error title=Sentiment Gate,file=gate.yml,line=5::" in done.stdout
    assert [name for name, _ in Log(done.stdout).commands].count("error") >= 3
    assert runner.summary.read_text(encoding="utf-8") == ""


def test_hostile_mentions_command_nothing(runner: Runner) -> None:
    """A release that people write attacks about is judged like any other, though their texts are shown."""
    attacks = [
        line(5000 + n, DEPLOY.replace(minute=n % 25, second=n % 60), f"{BAD} {text}", author=text[:80] or "nobody")
        for n, (_, text) in enumerate(HOSTILE)
    ]
    project(runner.folder, [*history(0.9), *attacks], POLICY + "keep_text: true\n")
    done = check(runner)
    assert done.returncode == 10, done.stdout
    assert set(runner.outputs()) == set(ACTION["outputs"])
    assert runner.outputs()["decision"] == "halt"
    assert [name for name, _ in Log(done.stdout).commands] == ["error"]
    assert "What users write" in runner.summary.read_text(encoding="utf-8")


def test_hostile_reports_command_nothing(runner: Runner) -> None:
    """Whatever stands in a reason, a source's message or a mention: no command, no output, no line of its own."""
    for name, text in HOSTILE:
        said: list[str] = []
        ci = told(runner, said)
        ci.begin()
        ci.write(hostile_report(text), 10, url=text)
        outputs = runner.outputs()
        assert set(outputs) == set(ACTION["outputs"]), name
        assert (outputs["outcome"], outputs["decision"]) == ("fail", "halt"), name
        assert all(value.isprintable() for value in outputs.values()), name
        assert [each for each, _ in Log("\n".join(said)).commands] == ["error"], name
        ci.explain(SourceDown(text, hint=text))
        assert set(runner.outputs()) == set(ACTION["outputs"]), name
        assert [each for each, _ in Log("\n".join(said)).commands] == ["error", "error"], name
        runner.output.write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("outcome", "status", "level"),
    [
        (Outcome.PASS, 0, "notice"),
        (Outcome.FAIL, 10, "error"),
        (Outcome.FAIL, 0, "warning"),
        (Outcome.INCONCLUSIVE, 11, "error"),
        (Outcome.INCONCLUSIVE, 0, "warning"),
        (Outcome.ERROR, 12, "error"),
        (Outcome.ERROR, 0, "warning"),
        (Outcome.WAITING, 0, "notice"),
        (Outcome.WAITING, 13, "error"),
    ],
)
def test_an_annotation_is_as_loud_as_the_step_is_red(runner: Runner, outcome: Outcome, status: int, level: str) -> None:
    """Red steps have errors; what went on although users were unhappy or unheard has a warning."""
    said: list[str] = []
    told(runner, said).write(report(replace(FAIL, outcome=outcome)), status)
    assert [name for name, _ in Log("\n".join(said)).commands] == [level]
    assert runner.outputs()["outcome"] == outcome.value


def test_what_is_not_known_is_empty(runner: Runner) -> None:
    """Nobody wrote anything: no shares and no odds, rather than zeros."""
    silent = replace(FAIL, outcome=Outcome.INCONCLUSIVE, decision=Decision.HOLD, odds=None, tally=NOTHING)
    told(runner, []).write(report(silent), 11)
    outputs = runner.outputs()
    assert [outputs[name] for name in ("share-before", "share-after", "odds", "mentions")] == ["", "", "", "0"]


def test_secrets_are_hidden_although_commands_are_off(runner: Runner) -> None:
    """A mask that the runner does not act on would print the secret."""
    said: list[str] = []
    ci = told(runner, said)
    ci.begin()
    ci.hide("very-secret")
    said.append("::set-output name=decision::promote")
    ci.end()
    assert Log("\n".join(said)).commands == [("add-mask", "very-secret")]


def test_every_fault_of_a_long_policy_is_counted(runner: Runner) -> None:
    """GitHub shows ten annotations of a step: nine faults, and how many there are."""
    said: list[str] = []
    faults = tuple(Fault("gate.yml", number, "rules", "wrong") for number in range(1, 30))
    told(runner, said).explain(PolicyFault(faults))
    commands = Log("\n".join(said)).commands
    assert len(commands) == 10
    assert "29 faults" in commands[-1][1]


def test_a_cancelled_job_promotes_nothing(runner: Runner) -> None:
    """Jobs that run although this one was cancelled read that there is no verdict."""
    told(runner, []).explain(Cancelled(15))
    assert runner.outputs()["decision"] == "hold"


def test_a_full_disk_changes_no_verdict(runner: Runner) -> None:
    """Where outputs and summary cannot be written, that is told, and the exit code stands."""
    said: list[str] = []
    gone = {"GITHUB_OUTPUT": "/dev/full", "GITHUB_STEP_SUMMARY": "/dev/full", "RUNNER_TEMP": "/nowhere"}
    GitHub({**runner.environment(), **gone}, said.append).write(report(), 10)
    assert [name for name, _ in Log("\n".join(said)).commands] == ["warning", "warning", "error"]


def test_elsewhere_it_is_refused(tmp_path: Path) -> None:
    """On a machine that is no runner, --ci github is wrong usage."""
    with pytest.raises(UsageFault, match="GITHUB_OUTPUT"):
        GitHub({"HOME": str(tmp_path)}, print)
