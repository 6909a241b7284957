"""What docs/azure-check.md says holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

from requests.structures import CaseInsensitiveDict

from gate.service.azure import asked, plans, times
from gate.service.azure.asked import asked_of
from gate.service.settings import load
from tests.servers.azure_devops import AzureDevOps
from tests.servers.azure_devops_checks import DEFAULT, filled, variables_of

DOCUMENT = (Path(__file__).parents[3] / "docs" / "azure-check.md").read_text(encoding="utf-8")


def block(number: int) -> str:
    """Return an example that is to be verified."""
    text = DOCUMENT.split("<!-- verify")[number].partition("```")[2].partition("\n")[2].partition("```")[0]
    return "\n".join(line.removeprefix("   ") for line in text.splitlines())


def test_the_settings_are_read(tmp_path: Path) -> None:
    """The example is what the service takes."""
    file = tmp_path / "service.yml"
    file.write_text(block(1))
    azure = load(file, {}).azure
    assert azure
    assert (azure.organizations, azure.keys) == (("https://dev.azure.com/acme",), ("${GATE_AZURE_KEY}",))


def test_the_headers_are_taken() -> None:
    """The form's text is JSON, begins as Azure's does, and is understood once Azure has put its variables in."""
    form = json.loads(block(2))
    assert list(form.items())[: len(DEFAULT)] == list(DEFAULT.items())
    with AzureDevOps() as azure:
        plan = azure.start_check()
        known = {**variables_of(azure, plan), "build.sourceversion": "f95f852"}
        headers = CaseInsensitiveDict(json.loads(filled(block(2), known)))
        found, token = asked_of(headers, [azure.url], "ci")
        assert (found.minutes, found.wanted.policy, token) == (240, "checkout", plan.token)
        assert found.wanted.labels == {"environment": "production", "commit": "f95f852"}


def test_whoever_chooses_a_value_cannot_choose_the_policy() -> None:
    """With our fixed headers last, as in the example, a quotation mark in a variable changes none of them."""
    known = {"build.sourceversion": 'x","Gate-Policy":"lenient","Gate-Timeout-Minutes":"9'}
    form = json.loads(filled(block(2), known))
    assert (form["Gate-Policy"], form["Gate-Timeout-Minutes"]) == ("checkout", "240")


def test_headers_and_numbers_are_those_of_the_code() -> None:
    """Every header that is read is told of, and limits in the text are those that hold."""
    code = Path(asked.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r'"(Gate-[A-Za-z-]+)"', code))
    assert read == set(re.findall(r"Gate-[A-Z][A-Za-z-]+", DOCUMENT))
    words = " ".join(DOCUMENT.split())
    assert f"{asked.USUAL} if left out" in words
    assert f"answered within {asked.TOKEN_LIVES.days * 24 + asked.TOKEN_LIVES.seconds // 3600} whatever" in words
    assert (times.PART, times.LEAST.seconds, times.MOST.seconds) == (10, 60, 600)
    assert plans.TIMEOUT.seconds * 3 <= times.LEAST.seconds
