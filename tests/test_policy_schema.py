"""The JSON Schema that editors use, and the plugs that third parties add."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from gate import plugins
from gate.errors import PolicyFault
from gate.policy import Policy, json_schema, load_text, template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ON = {"inconclusive": "hold", "error": "hold"}
FULL: dict[str, Any] = {
    "version": 1,
    "release": "#acme24",
    "sources": [
        {"type": "x", "query": '"acme app" OR #acme24 lang:en', "budget": {"reads": 2000}},
        {"type": "file", "path": "mentions.jsonl", "required": False},
    ],
    "window": {"settle": "5m", "length": "45m", "every": "60s", "promote_early": False},
    "baseline": {"length": "7d", "match": "hour-of-week"},
    "filters": {"languages": ["en"], "near_duplicates": "drop", "min_account_age": "7d", "drop": ["giveaway"]},
    "scorer": "vader",
    "rules": [
        {"type": "share", "alpha": 0.01, "tolerate": 0.02},
        {"type": "threshold", "metric": "mean_score", "min": -0.2, "min_mentions": 30},
        {"type": "keyword", "any": ["data loss", "charged twice"], "authors": 3},
    ],
    "control": [{"type": "x", "query": "acme -#acme24"}],
    "minimum": {"mentions": 30, "authors": 15, "sources": 1},
    "on": ON,
}
PLUG = '''
from __future__ import annotations
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from gate.ports import Secret

@dataclass(frozen=True, slots=True)
class Options:
    """The forum of Acme."""

    board: str
    """Which board."""
    token: Secret = Secret("${FORUM_TOKEN}")
    """Key of the ``forum``."""
    pause: timedelta = timedelta(seconds=90)
    limit: int | None = None
    weight: float = 1.0
    mood: Literal["any", "bad"] = "any"
    headers: dict[str, str] | None = None
    tags: tuple[str, ...] = ("bug",)

    def __post_init__(self) -> None:
        if self.pause < timedelta(seconds=1):
            raise ValueError("pause must be at least 1s")
'''


def valid(policy: object) -> bool:
    """Whether the schema takes a policy."""
    return bool(Draft202012Validator(json_schema()).is_valid(policy))


@pytest.fixture
def forum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Install a package with a source as third parties do; return the source's type."""
    (tmp_path / "acme_forum_plug.py").write_text(PLUG, encoding="utf-8")
    info = tmp_path / "acme_forum-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-forum\nVersion: 1.0\n", encoding="utf-8")
    lines = "[gate.sources]\nacme-forum = acme_forum_plug\nacme-broken = acme_forum_missing\n"
    (info / "entry_points.txt").write_text(lines, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_forum_plug", raising=False)
    plugins.registered.cache_clear()
    yield "acme-forum"
    plugins.registered.cache_clear()


def with_source(source: Mapping[str, object]) -> dict[str, object]:
    """Write a policy with one source."""
    return {"version": 1, "sources": [source], "on": ON}


def test_the_schema_is_one() -> None:
    """It is valid JSON Schema of the stated dialect, and plain JSON."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_the_schema_takes_what_the_gate_takes() -> None:
    """The templates and a policy with every section pass both."""
    assert valid(FULL)
    assert load_text(json.dumps(FULL)).release == "#acme24"
    for text in (template("file"), template("x")):
        assert valid(yaml.load(text.replace("\non:", '\n"on":'), yaml.SafeLoader))
    assert valid(load_text(json.dumps(FULL)).to_plain())


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"relaese": "acme"},
        {"on": {"inconclusive": "hold"}},
        {"on": {"inconclusive": "hodl", "error": "hold"}},
        {"sources": []},
        {"sources": [{"type": "mastadon"}]},
        {"sources": [{"type": "file"}]},
        {"sources": [{"type": "file", "path": "m.jsonl", "query": "acme"}]},
        {"sources": [{"type": "x", "query": "acme", "bearer_token": "hunter2"}]},
        {"sources": [{"type": "x", "query": "acme", "budget": {"raeds": 1}}]},
        {"window": {"length": "45"}},
        {"window": {"length": 45}},
        {"baseline": {"match": "hour"}},
        {"baseline": {"release": 7}},
        {"control": [{"type": "file", "path": "a.jsonl", "required": True}]},
        {"scorer": "vadr"},
        {"rules": [{"type": "spike"}]},
        {"rules": [{"type": "keyword"}]},
        {"minimum": {"mentions": 1.5}},
        {"actions": {"waiting": []}},
        {"actions": {"fail": [{"type": "carrier-pigeon"}]}},
        {"dry_run": "yes"},
    ],
)
def test_the_schema_refuses_what_the_gate_refuses(change: dict[str, object]) -> None:
    """An editor marks the faults that a schema can express."""
    wrong = {**FULL, **change}
    assert not valid(wrong)
    with pytest.raises(PolicyFault):
        load_text(json.dumps(wrong))


def test_editors_see_every_option_explained() -> None:
    """Each section, source and rule is there; the text under a field is its description."""
    properties = json_schema()["properties"]
    assert set(properties) == {field.name for field in fields(Policy)} - {"path", "text"}
    sources = {each["properties"]["type"]["const"]: each for each in properties["sources"]["items"]["oneOf"]}
    assert sorted(sources) == plugins.names("sources")
    rules = {each["properties"]["type"]["const"]: each for each in properties["rules"]["items"]["oneOf"]}
    assert sorted(rules) == ["keyword", "share", "surge", "threshold"]
    assert "at least" not in rules["share"]["properties"]["alpha"]["description"]
    assert rules["share"]["properties"]["alpha"]["description"].startswith("Largest chance")
    assert rules["share"]["properties"]["alpha"]["default"] == 0.01
    assert properties["window"]["properties"]["length"]["default"] == "45m"
    assert properties["on"]["required"] == ["inconclusive", "error"]
    assert sources["x"]["properties"]["budget"]["properties"]["reads"]["description"]


def test_a_third_partys_source_is_read_checked_and_described(forum: str) -> None:
    """Its options follow from its dataclass alone, whatever their types."""
    given = {"type": forum, "board": "help", "pause": "2m", "headers": {"a": "b"}, "tags": ["x", "y"], "limit": None}
    policy = load_text(json.dumps(with_source(given)))
    options = policy.sources[0].options
    assert (options.board, options.pause.seconds, options.headers, options.tags) == (
        "help",
        120,
        {"a": "b"},
        ("x", "y"),
    )
    assert load_text(json.dumps(policy.to_plain())) == policy
    assert valid(with_source(given))
    (described,) = (
        each
        for each in json_schema()["properties"]["sources"]["items"]["oneOf"]
        if each["properties"]["type"]["const"] == forum
    )
    assert described["description"] == "The forum of Acme."
    assert described["properties"]["token"]["description"] == "Key of the `forum`."
    assert described["properties"]["pause"]["default"] == "1m30s"
    assert described["properties"]["tags"]["default"] == ["bug"]
    assert described["required"] == ["type", "board"]


def test_faults_of_a_third_partys_options(forum: str) -> None:
    """Every kind of option has its fault said in words."""
    source = {
        "type": forum, "board": 7, "token": "x", "pause": "0s", "limit": "9", "weight": "heavy",
        "mood": "good", "headers": {"a": 1}, "tags": "bug",
    }  # fmt: skip
    with pytest.raises(PolicyFault) as caught:
        load_text(json.dumps(with_source(source)))
    assert [f"{fault.field.removeprefix('sources.0.')}: {fault.message}" for fault in caught.value.faults] == [
        "board: must be text",
        "token: must be a reference, ${NAME}; a secret in the file is refused",
        "limit: must be a whole number",
        "weight: must be a number",
        "mood: must be one of any, bad, not 'good'",
        "headers.a: must be text",
        "tags: must be a list",
    ]
    source = {"type": forum, "board": "help", "pause": "0s", "weight": "heavy"}
    with pytest.raises(PolicyFault, match=r"sources\.0\.pause: must be at least 1s"):
        load_text(json.dumps(with_source(source)))


@pytest.mark.usefixtures("forum")
def test_a_plug_that_cannot_be_loaded_is_a_fault_not_a_crash() -> None:
    """What it needs is named; the schema still knows its type."""
    with pytest.raises(PolicyFault, match="'acme-broken' cannot be loaded: No module named 'acme_forum_missing'"):
        load_text(json.dumps(with_source({"type": "acme-broken"})))
    assert valid(with_source({"type": "acme-broken"}))
