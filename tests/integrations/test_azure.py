"""``gate setup azure`` against a real service: what it says is well is well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gate.setup.azure_form import Plan, headers
from gate.setup.azure_probe import NOBODY
from tests.cli.in_process import runner
from tests.integrations.asking import ORGANIZATION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integrations.asking import Gate


def test_the_headers_are_taken() -> None:
    """What is written to be pasted is what the service asks for, once Azure has filled it in; in both modes."""
    asked = pytest.importorskip("gate.service.azure.asked")
    plan = Plan("https://gate.example", ORGANIZATION, "checkout", minutes=90, repository="acme/app")
    known = {"$(system.CollectionUri)": f"{ORGANIZATION}/", "$(system.HostType)": "Checks",
             "$(system.AccessToken)": "invented", "$(Build.SourceVersion)": "f" * 40}  # fmt: skip
    filled = {name: known.get(value, NOBODY if "$(" in value else value) for name, value in headers(plan).items()}
    found, token = asked.asked_of(filled, [ORGANIZATION], "azure")
    assert (found.wanted.policy, found.minutes, token) == ("checkout", 90, "invented")
    assert found.wanted.labels == {"repository": "acme/app", "environment": "production", "commit": "f" * 40}
    again = {**headers(replace(plan, synchronous=True)), "ProjectId": NOBODY, "PlanId": NOBODY}
    assert asked.completion_of(again) == "apiresponse"
    assert again["Gate-Run"] == "$(Build.BuildId)", "the plan may be another one each time"
    again["Gate-Run"] = "77"
    assert asked.run_key(again, asked.wanted_of(again))


def test_a_check_and_a_test(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look begins nothing; a test begins a run, is answered at once, and ends it; what the service refuses is told."""
    run = runner(tmp_path, monkeypatch, capsys, GATE_TOKEN=gate.token)

    def setup(*words: str, organization: str = ORGANIZATION, policy: str = "long", token: str = gate.token) -> str:
        asked = ["--service", gate.service.url, "--organization", organization, "--policy-name", policy]
        done = run("setup", "azure", *asked, *words, GATE_TOKEN=token)
        assert (done.returncode == 0) == ("FAIL" not in done.stdout), done.stdout + done.stderr
        return done.stdout

    before = gate.service.get("/v1/runs").json()["runs"]
    assert f"checks of {ORGANIZATION} are answered" in setup("--check")
    assert "FAIL  check: PlanUrl" in setup("--check", organization="https://dev.azure.com/others")
    assert "did you mean long?" in setup("--check", policy="lonng")
    reader = gate.service.issue("azure-reader", ["read"])
    assert "FAIL  check" in setup("--check", token=reader)
    assert gate.service.get("/v1/runs").json()["runs"] == before
    assert "was started, and answers hold so far" in setup("--test")
    newest = gate.service.get(f"/v1/runs/{gate.newest()}").json()
    assert (newest["state"], newest["reason"]) == ("cancelled", newest["reason"])
    assert "a test by gate setup azure" in newest["reason"]
    several = gate.service.issue("azure-several", ["run"], ["acme/app", "acme/web"])
    assert "FAIL  test" in setup("--test", token=several)
    assert "was started" in setup("--test", "--repository", "acme/web", token=several)
