"""What docs/security.md says of roles and settings is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gate.cli.token import EXPIRES
from gate.cli.tokens import FIRST, FIRST_EXPIRES
from gate.service.auth.gatekeeper import BAD_TOKENS, LOGIN_PERIOD, LOGINS
from gate.service.auth.principals import IMPLIED, MEANINGS, Role
from gate.service.auth.provider import CALLBACK
from gate.service.auth.sessions import IDLE
from gate.service.settings import Settings, load
from gate.store.token_text import PATTERN

TEXT = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"<!-- verify: .*? -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_the_table_of_roles() -> None:
    """Each role stands there with what it lets one do and what comes with it."""
    rows = re.search(r"<!-- roles: .*? -->\n.*\n.*\n((?:\|.*\n)+)", TEXT)
    assert rows
    expected = [
        f"| `{role}` | {MEANINGS[role]} | {', '.join(f'`{each}`' for each in Role if each in IMPLIED[role] - {role})} |"
        for role in Role
    ]
    assert [re.sub(r"\s+\|$", " |", row) for row in rows[1].splitlines()] == [
        re.sub(r"\s+\|$", " |", row) for row in expected
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=["github", "login"])
def test_examples_are_settings(tmp_path: Path, example: str) -> None:
    """A reader who copies an example has a service.yml that is valid."""
    path = tmp_path / "service.yml"
    path.write_text("version: 1\n" + example, encoding="utf-8")
    assert load(path, {}).public_url == "https://gate.example.com"


def test_the_numbers() -> None:
    """Limits and times are those of the code."""
    defaults = Settings()
    assert f"`limits.requests_per_minute`, {defaults.limits.requests_per_minute:,}" in TEXT
    assert f"{LOGINS} in {LOGIN_PERIOD.seconds // 60} minutes" in TEXT
    assert f"{BAD_TOKENS} a minute" in TEXT
    assert f"after {defaults.retention.sessions.seconds // 3600} hours" in TEXT
    assert f"after {IDLE.seconds // 3600} without use" in TEXT
    assert f"({EXPIRES.days} days if" in TEXT
    assert f"`{FIRST}`, that may do everything for {FIRST_EXPIRES.days} days" in TEXT
    assert PATTERN.pattern in TEXT
    assert CALLBACK in TEXT
