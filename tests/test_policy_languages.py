"""Scorers by language in a gate.yml: what is read, what is refused and where, and what is built."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from gate import policy, wiring_scorers
from gate.errors import PolicyFault, UsageFault
from gate.policy import ByLanguage, json_schema, load_text
from tests.cli.commands import DEPLOY, GOOD, POLICY, check, gate, line, project, verdict

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
version: 1
sources: [{type: file, path: mentions.jsonl}]
on: {inconclusive: hold, error: hold}
"""
VALID = BASE + "scorer:\n  type: by-language\n  languages: {en: vader, de: {type: vader}}\n  default: vader\n"


def test_scorers_by_language_are_read() -> None:
    """A scorer by its name or with its options, for each language and for the rest."""
    spec = load_text(VALID).scorer
    assert isinstance(spec.options, ByLanguage)
    assert list(spec.options.languages) == ["en", "de"]
    assert str(spec) == "by-language (en: vader, de: vader, default: vader)"


@pytest.mark.parametrize("default", ["", "\n  default: vader"])
def test_the_effective_policy_reads_back_as_the_same(default: str) -> None:
    """Replay reads the policy as it took effect; it must mean the same."""
    loaded = load_text(BASE + "scorer:\n  type: by-language\n  languages: {en: vader}" + default)
    again = load_text(json.dumps(loaded.to_plain()))
    assert again.scorer == loaded.scorer
    assert again.to_plain() == loaded.to_plain()


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        ("by-language", "gate.yml:4: scorer.languages: missing (write languages: {en: vader, de: …})"),
        ("{type: by-language, languages: {}}", "gate.yml:4: scorer.languages: must name at least one language"),
        ("{type: by-language, languages: [en]}", "gate.yml:4: scorer.languages: must name at least one language"),
        (
            "\n  type: by-language\n  languages:\n    en: vader\n    de: vadr",
            "gate.yml:8: scorer.languages.de: unknown type 'vadr'",
        ),
        (
            "\n  type: by-language\n  languages:\n    English: vader",
            "gate.yml:7: scorer.languages.English: must be a primary language tag in lower case",
        ),
        (
            "\n  type: by-language\n  languages:\n    en: {type: vader, speed: 1}",
            "gate.yml:7: scorer.languages.en.speed: unknown key",
        ),
        (
            "\n  type: by-language\n  languages:\n    en: {type: by-language, languages: {de: vader}}",
            "gate.yml:7: scorer.languages.en.type: unknown type 'by-language'",
        ),
        ("{type: by-language, languages: {en: vader}, defualt: vader}", "gate.yml:4: scorer.defualt: unknown key"),
        ("{type: by-language, languages: {en: }}", "gate.yml:4: scorer.languages.en: has no value"),
        ("{type: by-language, languages: {en: vader}, default: }", "gate.yml:4: scorer.default: has no value"),
        ("by-langauge", "gate.yml:4: scorer: unknown type 'by-langauge'"),
    ],
)
def test_faults_stand_where_they_are(scorer: str, expected: str) -> None:
    """Line, field and what is wrong, as for every other section."""
    with pytest.raises(PolicyFault) as caught:
        load_text(BASE + f"scorer: {scorer}\n")
    assert str(caught.value).splitlines()[0].startswith(expected)
    assert len(caught.value.faults) == 1


def test_the_schema_knows_them() -> None:
    """Editors accept what the gate reads and refuse what it refuses."""
    validator = Draft202012Validator(json_schema())
    whole: dict[str, Any] = load_text(VALID).to_plain()
    written = {"version": 1, "sources": [{"type": "file", "path": "m.jsonl"}], "on": whole["on"]}
    assert validator.is_valid({**written, "scorer": {"type": "by-language", "languages": {"en": "vader"}}})
    assert validator.is_valid({**written, "scorer": whole["scorer"]})
    for wrong in (
        {"type": "by-language"},
        {"type": "by-language", "languages": {}},
        {"type": "by-language", "languages": {"English": "vader"}},
        {"type": "by-language", "languages": {"en": "vadr"}},
        {"type": "by-language", "languages": {"en": {"type": "by-language", "languages": {"de": "vader"}}}},
    ):
        assert not validator.is_valid({**written, "scorer": wrong}), wrong


def test_a_scorer_is_refused_for_a_language_it_does_not_read() -> None:
    """An English lexicon named for German would call every German calm."""
    with pytest.raises(UsageFault, match=r"scorer\.languages\.de: vader does not read de") as caught:
        wiring_scorers.build_routes(load_text(VALID).scorer)
    assert "en" in caught.value.hint


def test_one_scorer_is_a_way_for_all_it_reads() -> None:
    """Without languages nothing is routed, and the name is the type."""
    (route,) = wiring_scorers.build_routes(load_text(BASE).scorer).routes
    assert route.name == policy.DEFAULT_SCORER


def test_languages_are_counted_and_shown(tmp_path: Path) -> None:
    """A run names what it dropped for its language, and what the rest feel; its pack replays to the same bytes."""
    rows = [line(i, DEPLOY - timedelta(minutes=10 * (i + 1)), GOOD) for i in range(100)]
    rows += [line(1000 + i, DEPLOY + timedelta(seconds=30 * i + 5), GOOD) for i in range(50)]
    rows += [line(2000 + i, DEPLOY + timedelta(seconds=40 * i), "ich kann mich nicht mehr anmelden") for i in range(9)]
    scorer = "scorer: {type: by-language, languages: {en: vader}}\n"
    project(tmp_path, rows, POLICY + scorer + "filters: {near_duplicates: keep}\n")
    found = verdict(tmp_path)
    assert found["coverage"][0]["dropped"] == {"language": 9}
    assert found["emotions"] == {"joy": 50}
    said = check(tmp_path, "--evidence", "pack").stdout
    assert "9 dropped (9 language)" in said
    assert "joy 50" in said
    mentions = (tmp_path / "pack" / "mentions.jsonl").read_text(encoding="utf-8")
    assert "detected de; the scorer does not read it" in mentions
    assert '"emotion":"joy"' in mentions
    assert gate(tmp_path, "replay", "pack").returncode in {0, 10, 11}
    assert gate(tmp_path, "doctor").stdout.count("vader (en)") == 1
