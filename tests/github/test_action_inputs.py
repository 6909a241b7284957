"""From the inputs of the action to one command of the gate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gate.ci.github.inputs import PREFIX, given, words
from gate.cli.step import _parse
from gate.errors import UsageFault
from tests.hostile import HOSTILE
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEP = ACTION["runs"]["steps"][-1]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "github.md",
    *(
        page
        for page in sorted((ROOT / "examples" / "github").glob("*.yml"))
        if "uses: sentiment-gate/" in page.read_text()
    ),
]
LOCAL = {
    "policy": "gates/app.yml",
    "deployed-at": "10m ago",
    "release": "#acme24",
    "window": "30m",
    "baseline": "7d",
    "scorer": "vader",
    "stream": "eu",
    "labels": "environment=canary",
    "dry-run": "true",
    "keep-text": "true",
    "evidence": "evidence",
}
SERVICE = {
    "service": "https://gate.example.com",
    "policy-name": "checkout",
    "deployed-at": "now",
    "release": "#acme24",
    "audience": "gate",
    "token": "sgate_x",
    "labels": "region=eu\ntier = paid",
    "wait": "true",
    "timeout": "50m",
}


def test_every_input_reaches_the_step() -> None:
    """Each input is handed over by the environment, and is one that the step knows."""
    assert STEP["env"] == {
        PREFIX + name.upper().replace("-", "_"): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]
    }
    assert set(ACTION["inputs"]) == {*LOCAL, *SERVICE, "python"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents_know_the_action(page: Path) -> None:
    """Examples and pages give inputs that there are, and read outputs that there are."""
    text = page.read_text(encoding="utf-8")
    read = set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", text))
    assert read <= set(ACTION["outputs"])
    blocks = [text] if page.suffix == ".yml" else re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    given = [step.get("with", {}) for block in blocks for step in steps(yaml.safe_load(block))]
    assert given
    assert {name for each in given for name in each} <= set(ACTION["inputs"])


def steps(found: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any YAML
    """Yield every step that uses the action."""
    if isinstance(found, list):
        for each in found:
            yield from steps(each)
    elif isinstance(found, dict):
        if str(found.get("uses", "")).startswith("sentiment-gate/"):
            yield found
        for each in found.values():
            yield from steps(each)


def test_nothing_is_put_into_the_script() -> None:
    """The script holds no expression: what a workflow says cannot become a command."""
    assert "${{" not in STEP["run"]


def test_no_input_is_read_where_only_some_runners_have_it() -> None:
    """GitHub gives a composite action no INPUT_*; nothing of ours asks for one."""
    files = [ROOT / "action.yml", *(ROOT / "gate").rglob("*.py")]
    found = [file for file in files if re.search(r"[\"'$]\{?INPUT_", file.read_text(encoding="utf-8"))]
    assert found == []


def test_inputs_of_a_job_that_watches() -> None:
    """All of them become options of ``gate check``, which takes them."""
    meant = words(LOCAL, {"ref": "refs/heads/main"})
    assert meant == [
        "check", "--ci=github", "--policy=gates/app.yml", "--deployed-at=10m ago", "--release=#acme24", "--window=30m",
        "--baseline=7d", "--scorer=vader", "--stream=eu", "--label=environment=canary", "--dry-run", "--keep-text", "--evidence=evidence", "--force",
    ]  # fmt: skip
    _parse(meant)


def test_inputs_of_a_run_on_a_service() -> None:
    """They become options of ``gate start``; the token stands in no command line."""
    meant = words(SERVICE, {"ref": "refs/heads/main", "region": "unknown"})
    assert meant == [
        "start", "--ci=github", "--service=https://gate.example.com", "--audience=gate", "--policy-name=checkout",
        "--deployed-at=now", "--release=#acme24", "--label=ref=refs/heads/main", "--label=region=eu",
        "--label=tier=paid", "--wait", "--timeout=50m",
    ]  # fmt: skip
    _parse(meant)
    assert "--wait" not in words({**SERVICE, "wait": "false"}, {})


def test_empty_inputs_are_not_given() -> None:
    """An expression that comes to nothing leaves the word to the policy."""
    environ = {f"{PREFIX}{name}": value for name, value in (("WINDOW", " "), ("DEPLOYED_AT", ""), ("POLICY", " p "))}
    assert given({**environ, "INPUT_WINDOW": "1m", "PATH": "/bin"}) == {"policy": "p"}
    assert words({}, {}) == ["check", "--ci=github"]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"dry-run": "yes"}, "dry-run is 'yes'"),
        ({"wait": "false"}, "wait is for a run on a service"),
        ({"token": "x"}, "token is for a run on a service"),
        ({"service": "https://gate.example.com", "window": "30m"}, "window is for a job that watches itself"),
        ({"service": "https://gate.example.com", "evidence": "e"}, "evidence is for a job that watches itself"),
        ({"service": "https://gate.example.com", "dry-run": "true"}, "dry-run is for a job that watches itself"),
        ({"service": "https://gate.example.com", "labels": "eu"}, "'eu' is no NAME=VALUE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_contradictions_are_refused(inputs: Mapping[str, str], says: str) -> None:
    """What would be ignored is refused, with the next step."""
    with pytest.raises(UsageFault) as refused:
        words(inputs, {})
    assert says in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("inputs", [{"deployed-at": "yesterday"}, {"service": "x", "timeout": "long"}])
def test_values_that_the_command_refuses_are_refused_before(inputs: Mapping[str, str]) -> None:
    """While the system can still be told: the command line's own words."""
    with pytest.raises(UsageFault):
        _parse(words(inputs, {}))


def test_values_stay_values() -> None:
    """Whatever a value is, it is one word behind its option."""
    for _, text in HOSTILE:
        assert words({"release": text, "policy": text}, {}) == [
            "check",
            "--ci=github",
            f"--policy={text}",
            f"--release={text}",
        ]
