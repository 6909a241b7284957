"""What the documentation says is what the code does."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from gate.cli import gate as gate_command
from gate.policy import load_text
from tests.cli.commands import environment, gate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_blocks_are_current() -> None:
    """Tables of the README come from the code; `python -m tools.readme` makes them anew."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.readme", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_policy_of_the_readme_is_valid() -> None:
    """The ten lines a reader copies first are a policy."""
    block = re.search(r"<!-- begin:policy -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    assert len(block[1].splitlines()) == 10
    assert load_text(block[1]).release == "#acme24"


def test_the_start_of_the_readme_runs(tmp_path: Path) -> None:
    """The commands under Start, word for word, lead from nothing to a verdict."""
    section = README.split("## Start")[1].split("```sh\n")[1].split("```")[0]
    commands = [line.split("#")[0].split() for line in section.splitlines()]
    assert commands[0] == ["pip", "install", "."]
    codes = []
    for program, *words in commands[1:]:
        assert program == "gate"
        codes.append(gate(tmp_path, *words).returncode)
    assert codes == [0, 0, 10]


def test_the_demo_halts_one_release_and_promotes_one(tmp_path: Path) -> None:
    """`gate demo` needs no key and no network, ends with both reasons, and leaves reports."""
    done = gate(tmp_path, "demo", "--folder", "out")
    assert done.returncode == 0, done.stderr
    assert "FAIL → halt the rollout" in done.stdout
    assert "PASS → promote the release" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"2026-03-10", "2026-03-10.md", "2026-03-17.md"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(tmp_path: Path, shell: str) -> None:
    """The completion script of each shell the README names comes out."""
    script = shutil.which("gate", path=str(Path(sys.executable).parent))
    assert script, "the gate command is not installed beside this Python"
    done = subprocess.run(
        [script],
        env={**environment(tmp_path), "_GATE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_gate_completion" in done.stdout


PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob(".github/*.md")]
)


def heading_anchors(page: str) -> set[str]:
    """Return where links into a page may lead, as GitHub names headings."""
    shown = (
        re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    )
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in shown}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Each link to a file of ours finds it, and where it names a heading, that heading."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in heading_anchors(target.read_text(encoding="utf-8")), link


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield page and words of every command of ours that stands in a block of its own."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for language, block in re.findall(r"^```(\S*)[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            lines = block.replace("\\\n", " ").splitlines() if language in {"", "sh", "console"} else ()
            for line in lines:
                if re.match(r"(\$ )?gate ", line):
                    yield page.relative_to(ROOT).as_posix(), shlex.split(line.removeprefix("$ "), comments=True)


@pytest.mark.parametrize(
    ("page", "words"), list(shown_commands()), ids=lambda part: part if isinstance(part, str) else " ".join(part)
)
def test_commands_are_ours(page: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command that a reader may copy exists, and takes the options and values it is shown with."""
    (tmp_path / "mentions.jsonl").touch()  # Files that a command reads are looked for at once.
    monkeypatch.chdir(tmp_path)
    command: click.Command = gate_command
    rest = words[1:]
    while isinstance(command, click.Group):
        name, *rest = rest
        found = command.get_command(click.Context(command), name)
        assert found, f"{page}: {' '.join(words)}"
        command = found
    rest = rest[: next((place for place, word in enumerate(rest) if word in {"|", "&&", ">"}), len(rest))]
    command.make_context(words[1], list(rest)).close()
