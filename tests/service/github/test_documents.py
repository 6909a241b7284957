"""What docs/github-protection.md says holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gate.errors import PolicyFault
from gate.service import holding
from gate.service.github import comments, progress, rule
from gate.service.settings import load
from tests.cli.commands import gate

DOCUMENT = (Path(__file__).parents[3] / "docs" / "github-protection.md").read_text(encoding="utf-8")


def test_the_settings_are_read(tmp_path: Path) -> None:
    """The example is what the service takes, with the policies as the text says."""
    block = DOCUMENT.partition("<!-- verify")[2].partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "service.yml"
    file.write_text("\n".join(line.removeprefix("   ") for line in block.splitlines()))
    app = load(file, {}).github.app
    assert app
    assert [(each.id, each.environments, each.policy) for each in app.rules] == [
        (4711, ("production",), "checkout"),
        (4711, ("staging",), ""),
    ]
    assert app.deadline.days == int(re.findall(r"deadline`, (\d+) days", DOCUMENT)[0])


def test_the_numbers_are_those_of_the_code() -> None:
    """Limits in the text are those that hold."""
    assert f"10 comments of {comments.LONGEST:,} characters" in DOCUMENT
    assert f"makes {progress.MOST} on the way" in DOCUMENT
    assert f"rejects it {rule.DECIDES.seconds // 3600} hours before the deadline" in DOCUMENT
    assert f"remembered for {holding.KEPT.days}" in " ".join(DOCUMENT.split())
    assert f"at least {progress.QUIET.seconds // 60} minutes apart" in DOCUMENT


def test_wrong_settings_are_told(tmp_path: Path) -> None:
    """A deadline past GitHub's patience, a third secret, an address with a slash at the end, a secret in the file."""
    file = tmp_path / "service.yml"
    file.write_text(
        "github:\n  app:\n    id: 1\n    private_key: ${KEY}\n    webhook_secrets: ['${A}', '${B}', '${C}']\n"
        "    api: https://git.corp.example/api/v3/\n    deadline: 30d\n    rules: [{id: x, name: a/b}]\n"
    )
    with pytest.raises(PolicyFault) as wrong:
        load(file, {})
    told = str(wrong.value)
    for place in ("webhook_secrets", "api", "deadline", "rules.0.id"):
        assert f"github.app.{place}" in told


@pytest.mark.parametrize(
    ("settings", "says", "step"),
    [
        ("app: {id: 1, private_key: '${HERE}', webhook_secrets: ['${HERE}', '${NOT_HERE}'], rules: []}",
         "NOT_HERE is not set", "next: set the environment variable"),
        ("repositories: [{id: 4711, name: acme/app}]", "tokens need an audience", "public_url: https://"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, says: str, step: str
) -> None:
    """`gate serve` says what, and what to do, before anything is started: no traceback, no token made."""
    monkeypatch.setenv("HERE", "webhook-secret")
    (tmp_path / "service.yml").write_text(f"github:\n  {settings}\n")
    done = gate(tmp_path, "serve", "--config", "service.yml")
    assert done.returncode == 2
    assert says in done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "gate.db").exists()
