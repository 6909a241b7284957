"""docs/integrations.md leaves no system out, and what it names is there."""

from __future__ import annotations

import re

import pytest

from tests.integrations.told import OUTCOMES, PAGE, table
from tests.test_layout import ROOT

PROVED = {
    "Shell": "test_shell",
    "GitLab CI": "test_gitlab",
    "Jenkins": "test_jenkins",
    "Kubernetes Job": "test_kubernetes",
    "Argo Rollouts": "test_argo",
    "Flagger": "test_flagger",
    "Spinnaker": "test_spinnaker",
}
"""The test module that holds each row to what the system did."""


def test_every_row_is_proved() -> None:
    """No system stands in the table without the module that plays it, and that module looks at each of its cells."""
    assert set(table()) == set(PROVED)
    for system, module in PROVED.items():
        text = (ROOT / "tests/integrations" / f"{module}.py").read_text(encoding="utf-8")
        assert f'table()["{system}"]' in text
        assert set(table()[system]) == set(OUTCOMES)


def test_every_example_is_named() -> None:
    """Each folder of an example of another system is linked, and says what was tried and what was not."""
    linked = set(re.findall(r"\]\(\.\./examples/([\w-]+)\)", PAGE))
    ours = {folder.name for folder in (ROOT / "examples").iterdir()} - {"azure", "github", "scorers", "service"}
    assert linked == ours
    for name in linked:
        text = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
        assert "What was tried" in text
        for path in re.findall(r"`(tests/\S+?\.py)`", text):
            assert (ROOT / path).exists()


@pytest.mark.parametrize("name", ["argo-rollouts", "flagger", "kubernetes"])
def test_tokens_come_from_secrets(name: str) -> None:
    """No manifest holds a token, in an address or elsewhere: what a header is filled with comes from a Secret."""
    for path in (ROOT / "examples" / name).glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert "sgate_" not in text
        assert not re.search(r"https?://[^\s\"']*(@|token=)", text)
        if re.search("bearer|GATE_TOKEN", text, re.IGNORECASE):
            assert "secretKeyRef" in text
