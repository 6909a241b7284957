"""CONTRIBUTING.md taken at its word: its two files, put where it says, are a source."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
SHARED = (
    "__init__.py",
    "conftest.py",
    "support.py",
    "servers",
    "sources/conformance.py",
    "sources/test_conformance.py",
)
"""Of our tests, what a new test of a source builds on."""


def block(language: str, start: str) -> str:
    """Return the one block of the page in that language that starts so."""
    (code,) = re.findall(rf"```{language}\n({re.escape(start)}.*?)```", PAGE, re.DOTALL)
    return str(code)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Lay out a clone to which nothing but the page's two files was added."""
    shutil.copytree(ROOT / "gate", tmp_path / "gate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in SHARED:
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / "tests" / name).is_dir():
            shutil.copytree(ROOT / "tests" / name, tmp_path / "tests" / name)
        else:
            shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    for name, text in (
        ("gate/sources/status_page.py", block("python", "# gate/sources/status_page.py")),
        ("tests/replies/status_page.py", block("python", "# tests/replies/status_page.py")),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(clone: Path, *command: str) -> str:
    """Run this Python there and return what it printed."""
    outcome = subprocess.run([sys.executable, *command], cwd=clone, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_one_file_adds_a_source(clone: Path) -> None:
    """The new source is known to the policy's schema, with its options and their help, and nothing was edited."""
    schema = run(clone, "-m", "gate", "schema")
    assert "status-page" in schema
    assert "Key that may read comments." in schema


def test_it_meets_every_fact(clone: Path) -> None:
    """The suite that every source is held to passes, and none of its facts is left out."""
    suite = ("tests/sources/test_conformance.py", "-k", "status-page")
    said = run(clone, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suite)
    assert int(re.search(r"(\d+) passed", said)[1]) >= 80  # type: ignore[index]
    assert "skipped" not in said


@pytest.mark.parametrize(
    "tool", [["ruff", "check", "--no-cache"], ["ruff", "format", "--no-cache", "--check"]], ids=" ".join
)
def test_it_meets_our_own_standard(clone: Path, tool: list[str]) -> None:
    """What we show is what we would merge."""
    run(clone, "-m", *tool, "gate/sources/status_page.py", "tests/replies/status_page.py")
