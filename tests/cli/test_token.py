"""``gate token``: tokens made, listed and revoked from a shell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate.cli import main
from gate.cli.token import ROLES
from gate.service.auth import Role
from gate.store.token_text import well_formed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Gate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gate:
    """Runs ``gate token`` and returns its exit code, what it printed, and what it said beside."""
    monkeypatch.setenv("GATE_STORE", str(tmp_path / "gate.db"))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(["token", *words])
        printed = capsys.readouterr()
        return int(done.value.code or 0), printed.out, printed.err

    return run


def test_the_life_of_a_token(gate: Gate) -> None:
    """It is printed once, alone, so that a shell can keep it; then listed without its secret; then revoked by name."""
    code, printed, said = gate("create", "ci", "--role", "run", "--repository", "acme/app", "--expires", "30d")
    secret = printed.removesuffix("\n")
    assert code == 0
    assert well_formed(secret)
    assert "run on acme/app" in said
    _, listed, _ = gate("list", "--json")
    (known,) = map(json.loads, listed.splitlines())
    assert (known["name"], known["roles"], known["repositories"]) == ("ci", ["run"], ["acme/app"])
    assert secret not in listed
    assert "is revoked" in gate("revoke", "ci")[1]
    assert "was revoked by cli:" in gate("list")[1]


def test_tokens_for_a_program(gate: Gate) -> None:
    """As JSON a token comes with its id, and one that never expires says so."""
    _, printed, _ = gate("create", "ops", "--role", "admin", "--never-expires", "--json")
    made = json.loads(printed)
    assert well_formed(made["token"])
    assert made["expires_at"] is None
    assert json.loads(gate("revoke", made["id"], "--json")[1])["revoked_at"]


def test_tokens_that_cannot_be(gate: Gate) -> None:
    """A token without a role, of a bad name, or one that is not there: each is a usage fault that prints nothing."""
    for words in (
        ["create", "ci"],
        ["create", " ", "--role", "run"],
        ["revoke", "ci"],
        ["create", "x", "--role", "god"],
    ):
        code, printed, said = gate(*words)
        assert (code, printed) == (2, ""), words
        assert said


def test_the_roles_are_those_of_the_service() -> None:
    """What ``--role`` takes is what the service knows."""
    assert tuple(Role) == ROLES
