"""What is wrong in a gate.yml, said with line, field and the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gate import plugins
from gate.errors import Fault, PolicyFault
from gate.policy import Overrides, load_text, template

POLICIES = Path(__file__).parent / "policies"
SHORT = {
    "version": "version: 1",
    "sources": "sources: [{type: file, path: mentions.jsonl}]",
    "on": "on: {inconclusive: hold, error: hold}",
}


def refused(text: str, overrides: Overrides | None = None) -> list[str]:
    """Return the faults of a policy as printed."""
    with pytest.raises(PolicyFault) as caught:
        load_text(text, overrides=overrides)
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return str(caught.value).splitlines()


def faults(overrides: Overrides | None = None, **sections: str) -> list[str]:
    """Return the faults of the shortest policy with sections put in place of its own; an empty one is left out."""
    return refused("\n".join(text for text in {**SHORT, **sections}.values() if text), overrides)


def test_ten_faults_are_said_at_once() -> None:
    """The whole message, to the letter."""
    expected = (POLICIES / "ten_faults.txt").read_text(encoding="utf-8")
    found = refused((POLICIES / "ten_faults.yml").read_text(encoding="utf-8"))
    assert found == expected.format(sources=", ".join(plugins.names("sources"))).splitlines()
    assert len(found) == 10


def test_a_policy_without_on_learns_what_it_decides() -> None:
    """Fail-open or fail-closed is never a silent default."""
    (fault,) = faults(on="")
    assert fault.startswith("gate.yml: on: missing: ")
    assert "fail-closed" in fault
    assert "fail-open" in fault
    assert fault.endswith("(write on: {inconclusive: hold, error: hold})")


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("version: 2", "gate.yml:1: version: must be 1, the only version there is (write version: 1)"),
        ("version: true", "gate.yml:1: version: must be 1, the only version there is (write version: 1)"),
        ("", "gate.yml: version: missing (write version: 1)"),
    ],
)
def test_versions(section: str, expected: str) -> None:
    """Only version 1 exists."""
    assert faults(version=section) == [expected]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("", "gate.yml: sources: missing (a gate without sources hears nothing"),
        ("sources:", "gate.yml:2: sources: has no value ("),
        ("sources: []", "gate.yml:2: sources: must hold at least one ("),
        ("sources: file", "gate.yml:2: sources: must be a list ("),
        ("sources: [file]", "gate.yml:2: sources.0: must be a mapping of keys and values"),
        ("sources: [{path: m.jsonl}]", "gate.yml:2: sources.0.type: missing (known: "),
        ("sources: [{type: 3}]", "gate.yml:2: sources.0.type: must be text (known: "),
        ("sources: [{type: File, path: m.jsonl}]", "gate.yml:2: sources.0.type: unknown type 'File'; known: "),
        ("sources: [{type: file}]", "gate.yml:2: sources.0.path: missing"),
        ("sources: [{type: file, path: m.txt}]", "gate.yml:2: sources.0.path: 'm.txt' must end in one of"),
        ("sources: [{type: file, path: m.jsonl, name: a b}]", "gate.yml:2: sources.0.name: may hold up to 64 letters"),
        (
            "sources: [{type: file, path: m.jsonl, follow: yes}]",
            "gate.yml:2: sources.0.follow: must be true or false (write true)",
        ),
        ("sources: [{type: x}]", "gate.yml:2: sources.0.query: no query, and the policy names no release to look for"),
        (
            "sources: [{type: x, query: acme, budget: {raeds: 5}}]",
            "gate.yml:2: sources.0.budget.raeds: unknown key (did you mean reads?)",
        ),
        (
            "sources: [{type: x, query: acme, budget: {reads: 5}}]",
            "gate.yml:2: sources.0.budget.reads: must be at least 10",
        ),
        ("sources: [{type: x, query: acme, budget: 5}]", "gate.yml:2: sources.0.budget: must be a mapping"),
        (
            "sources:\n- type: x\n  query: acme OR #acme24",
            "gate.yml:4: sources.0.query: YAML takes '#acme24' as a comment",
        ),
    ],
)
def test_sources(section: str, expected: str) -> None:
    """Each thing that can be wrong with a source is said once, at its line."""
    (fault,) = faults(sources=section)
    assert fault.startswith(expected)


def test_a_control_that_no_rule_asks_is_a_fault() -> None:
    """Only share and surge compare with it; without rules there is share."""
    control = "control: [{type: file, path: others.jsonl}]"
    (fault,) = faults(control=control, rules="rules: [{type: keyword, any: [data loss]}]")
    assert fault.startswith("gate.yml:4: control: no rule compares with it")
    for rules in ("", "rules: [{type: surge}]"):
        assert load_text("\n".join([*SHORT.values(), control, rules])).control


def test_unknown_type_suggests_the_nearest() -> None:
    """A slip of the pen is recognised."""
    (fault,) = faults(sources="sources: [{type: fiel, path: m.jsonl}]")
    assert fault.endswith("(did you mean file?)")


def test_sources_of_one_name() -> None:
    """Two sources may not share a name, and both lines are told."""
    item = "  - {type: file, path: m.jsonl, name: shop}\n"
    found = faults(sources=f"sources:\n{item}{item}")
    assert [fault.partition("(")[0] for fault in found] == [
        "gate.yml:3: sources.0.name: another source is named 'shop' too ",
        "gate.yml:4: sources.1.name: another source is named 'shop' too ",
    ]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{settle: 45m}", "window.settle: must be shorter than the length of the window, 45m"),
        ("{every: 1h}", "window.every: must not be longer than the length of the window, 45m"),
        ("{every: 9s}", "window.every: must be at least 10s"),
        ("{length: 0s}", "window.length: must be longer than nothing"),
        ("{length: 31d}", "window.length: must be at most 30d"),
        ("{length: 8d}", "baseline.length: the baseline of 7d must not be shorter than the window of 8d"),
        ("{length: soon}", "window.length: must be a duration such as 5m"),
        ("{length: 45}", "window.length: must be a duration with its unit: say 90s or 5m"),
        ("{length: [45m]}", "window.length: must be a duration such as 5m"),
        ("{length: }", "window.length: has no value"),
        ("{promote_early: 1}", "window.promote_early: must be true or false"),
        ("{lenght: 45m}", "window.lenght: unknown key (did you mean length?)"),
        ("{zzz: 45m}", "window.zzz: unknown key (known: every, length, promote_early, settle)"),
        ("45m", "window: must be a mapping of keys and values (write {key: value, …})"),
        ("", "window: has no value (write {key: value, …})"),
    ],
)
def test_impossible_windows(section: str, expected: str) -> None:
    """A window in which nothing could be seen is refused."""
    (fault,) = faults(window=f"window: {section}")
    assert fault.partition(": ")[2].startswith(expected)


def test_faults_between_fields_are_found_beside_others() -> None:
    """A field that cannot be read hides only what depends on it."""
    found = faults(window="window: {settle: 1h, every: 5, length: 30m}")
    assert [fault.split(": ")[1] for fault in found] == ["window.every", "window.settle"]
    assert len(faults(window="window: {settle: 1h, length: 30}")) == 1


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (
            "baseline: {length: 6d, match: hour-of-week}",
            "baseline.length: must be at least 7d to match by hour-of-week",
        ),
        ("baseline: {length: 0s}", "baseline.length: must be longer than nothing"),
        ("baseline: {file: before.txt}", "baseline.file: 'before.txt' must end in one of"),
        ("baseline: {release: 2026-03-03}", "baseline.release: must be a time with its zone"),
        (
            "baseline: {release: 2026-03-03T14:00:00}",
            "baseline.release: must be a time with its zone, such as 2026-03-03T14:00:00Z (write 2026-03-03T14:00:00Z",
        ),
        ("baseline: {release: v2.3}", "baseline.release: must be a time such as 2026-03-03T14:00:00Z"),
        ("baseline: {release: 7}", "baseline.release: must be a time such as 2026-03-03T14:00:00Z"),
        (
            "baseline: {release: 2026-03-03T14:00:00Z, match: hour-of-day}",
            "baseline.match: by hour-of-day cannot hold for the hours after an earlier release; write match: none",
        ),
        ("control: [{type: file, path: a.jsonl, required: true}]", "control.0.required: unknown key (known: "),
        ("control: [{type: x}]", "control.0.query: missing: a control is heard on something else than the release"),
        ("control: yes please", "control: must be a list"),
        ("minimum: {mentions: 0}", "minimum.mentions: must be at least 1: silence is not calm"),
        ("minimum: {mentions: 1.5}", "minimum.mentions: must be a whole number"),
        ("minimum: {sources: 2}", "minimum.sources: 2 can never be heard: the policy has 1"),
        ("filters: {languages: en}", "filters.languages: must be a list (write [en])"),
        ("filters: {drop: [a, 3]}", 'filters.drop.1: must be text (quote it: "3")'),
        ("filters: {drop: [a b #acme\n  ]}", "filters.drop.0: YAML takes '#acme' as a comment"),
        (
            "filters: {near_duplicates: dorp}",
            "filters.near_duplicates: must be one of drop, keep, not 'dorp' (did you mean drop?)",
        ),
        ("filters: {near_duplicates: }", "filters.near_duplicates: has no value"),
        ("filters: {min_account_age: 7}", "filters.min_account_age: must be a duration with its unit"),
        ("scorer: vadr", "scorer: unknown type 'vadr'; known: "),
        ("scorer: {type: vadr}", "scorer.type: unknown type 'vadr'; known: "),
        ("scorer: {type: vader, speed: 3}", "scorer.speed: unknown key (known: type)"),
        ("scorer: 3", "scorer: must be a mapping of keys and values"),
        ("rules: []", "rules: must hold at least one (leave the key out for the default rule, share)"),
        ("rules: [share]", "rules.0: must be a mapping of keys and values"),
        ("rules: [{type: spike}]", "rules.0.type: unknown type 'spike'; known: keyword, share, surge, threshold"),
        ("rules: [{type: share, alpha: low}]", "rules.0.alpha: must be a number"),
        ("rules: [{type: share, alpha: .nan}]", "rules.0.alpha: must be a finite number"),
        ("rules: [{type: share, alpha: 1e999}]", "rules.0.alpha: must be a finite number"),
        ("rules: [{type: threshold, metric: mean_score}]", "rules.0: needs min or max"),
        ("rules: [{type: threshold, max: 0.5}]", "rules.0.metric: missing"),
        ("actions: [notify]", "actions: must be a mapping of keys and values"),
        ("actions: {fial: []}", "actions.fial: unknown key (did you mean fail?)"),
        ("actions: {waiting: []}", "actions.waiting: unknown key"),
        ("actions: {fail: notify}", "actions.fail: must be a list (write [{type: …}])"),
        ("actions: {fail: [{type: carrier-pigeon}]}", "actions.fail.0.type: unknown type 'carrier-pigeon'; known: "),
        ("dry_run: maybe", "dry_run: must be true or false"),
        ("release: 2024", 'release: must be text (quote it: "2024")'),
        ("release: true", 'release: must be text (quote it: "true")'),
        ("release: acme #acme24", "release: YAML takes '#acme24' as a comment"),
        ("relaese: acme", "relaese: unknown key (did you mean release?)"),
    ],
)
def test_sections(section: str, expected: str) -> None:
    """Wrong values are named in words, never in those of the library that checks them."""
    (fault,) = faults(other=section)
    assert fault.partition(": ")[2].startswith(expected)
    assert fault.startswith("gate.yml:4: ")


def test_no_action_exists_yet() -> None:
    """An unknown action lists the known ones, even if that is none."""
    known = ", ".join(plugins.names("actions")) or "none yet"
    (fault,) = faults(other="actions: {fail: [{type: carrier-pigeon}]}")
    assert fault.endswith(f"unknown type 'carrier-pigeon'; known: {known}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nversion: 1\n", "gate.yml:2: version: stands twice, first in line 1 (keep one)"),
        ("- version: 1\n", "gate.yml:1: must hold keys such as version: 1, not a list (see gate init)"),
        ("version\n", "gate.yml:1: must hold keys such as version: 1, not plain text (see gate init)"),
        ("window:\n\tsettle: 5m\n", "gate.yml:2: is no valid YAML: a tab (indent with spaces)"),
        (
            "filters: {drop: [#acme]}\n",
            'gate.yml:1: is no valid YAML: an unquoted # starts a comment (quote it: "#acme")',
        ),
        ("filters:\n  drop: [#acme, b]\nversion: 1\n", "gate.yml:2: is no valid YAML: an unquoted # starts a comment"),
        (
            'release: "acme app" OR acme24\n',
            "gate.yml:1: is no valid YAML: text follows a closing quote (quote the whole value",
        ),
        ("release: @acme\n", "gate.yml:1: is no valid YAML: a value starts with @ (quote it)"),
        ("release: a: b\n", "gate.yml:1: is no valid YAML: a key stands where none can"),
        (
            "version: 1\nwindow: {length: 45m\n",
            "gate.yml:2: is no valid YAML: a bracket or quote is not closed (it may be opened in line 2)",
        ),
        (
            'release: "acme\nversion: 1\n',
            "gate.yml:2: is no valid YAML: a bracket or quote is not closed (it may be opened in line 1)",
        ),
        ("version: 1\n---\nversion: 1\n", "gate.yml:2: holds a second document (---) (one policy a file)"),
        ("a: &a [x]\nb: *a\n", "gate.yml:1: anchors and aliases are not read (quote a value that starts with & or *"),
        ("a: *spam\n", "gate.yml:1: anchors and aliases are not read"),
        ("a: !!python/object:os.system {}\n", "gate.yml:1: tags are not read"),
        ("a: " + "[" * 5000, "gate.yml:1: nested too deeply"),
        ("a: [" + "b, " * 30_000, "gate.yml:1: too many values"),
        ("version: 1\nrelease: a\x00b\n", "gate.yml:2: holds a control character (U+0000)"),
        ("version: 1\n? [a, b]\n: 3\n", "gate.yml:2: a key must be text, not a list or a mapping"),
        ("version: 1\n  window: 3\n", "gate.yml:2: is no valid YAML: a key stands where none can"),
        ("version: 1\nwindow\nrelease: a\n", "gate.yml:3: is no valid YAML"),
        ("window: {length: 45m]\n", "gate.yml:1: is no valid YAML"),
        ("version: 1\n}\n", "gate.yml:2: is no valid YAML"),
    ],
)
def test_text_that_is_no_policy(text: str, expected: str) -> None:
    """YAML's own faults come with the line and the usual cause."""
    assert any(fault.startswith(expected) for fault in refused(text)), refused(text)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    """A small file cannot become a huge one."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert len(refused("\n".join(rows))) == 1


def test_strange_keys_cannot_write_to_the_terminal() -> None:
    """A key with control characters or of great length is quoted and cut."""
    found = faults(other='"\\e[31m\\n::error::": 1', more=f"{'k' * 500}: 1")
    assert all(fault.isprintable() and len(fault) < 250 for fault in found)
    assert len(found) == 2


def test_faults_of_the_command_line_name_the_option() -> None:
    """A wrong override is no fault of a line in the file."""
    assert faults(Overrides(length="45")) == ["--window: must be a duration with its unit: say 90s or 5m"]
    assert faults(Overrides(length="1m")) == [
        "--window: window.settle must be shorter than the length of the window, 1m"
    ]
    assert faults(Overrides(length="30s")) == [
        "--window: window.settle must be shorter than the length of the window, 30s",
        "--window: window.every must not be longer than the length of the window, 30s",
    ]
    assert faults(Overrides(length="9d")) == ["--window: the baseline of 7d must not be shorter than the window of 9d"]
    (fault,) = faults(Overrides(scorer="vadr"))
    assert fault.startswith("--scorer: unknown type 'vadr'; known: ")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["5m", "1h", "file", "share", "x", "hold", "${A}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "path", "query", "name", "length", "settle", "alpha", "any", "mentions", "error", "fail"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KEYS = ["version", "release", "sources", "window", "baseline", "filters", "scorer", "rules", "minimum", "on", "actions"]
POLICY_LIKE = st.dictionaries(
    st.sampled_from([*KEYS, "dry_run", "keep_text"]) | st.text(max_size=5), VALUES, max_size=8
)


@settings(max_examples=50)
@given(POLICY_LIKE)
@example({"sources": [{"type": "file", "path": "\ud800"}]})
@example({"version": 10**400, "rules": [{"type": "share", "alpha": 10**400}]})
@example({"rules": [{"type": ["share"]}], "scorer": {}, "actions": {"any": [None]}})
def test_no_mapping_breaks_the_reader(value: dict[str, object]) -> None:
    """Whatever the values are, the answer is a policy or all its faults, in our words."""
    for text in (json.dumps(value), yaml.safe_dump(value, allow_unicode=True)):
        assert all(fault.message and "pydantic" not in fault.message for fault in outcome(text))


@settings(max_examples=50)
@given(st.sampled_from([template("file"), template("x")]), st.data())
def test_no_slip_of_the_pen_breaks_the_reader(text: str, data: st.DataObject) -> None:
    """A valid policy with a piece cut out or put in is valid or has faults, each on a line that exists."""
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 30)))
    piece = data.draw(st.text(alphabet="abon: #\n\t-[]{}\"'&*!|>%@`,?~0.1e$", max_size=5))
    changed = text[:start] + piece + text[end:]
    assert all(0 <= fault.line <= len(changed.splitlines()) for fault in outcome(changed))


@given(st.text(alphabet="abon: #\n\t-[]{}\"'&*!|>%@`,?~0.1e$\ud800é😀\x85") | st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever the text is, the answer is faults."""
    assert outcome(text)


def outcome(text: str) -> tuple[Fault, ...]:
    """Return the faults of a text; none if it is a policy."""
    try:
        load_text(text)
    except PolicyFault as fault:
        return fault.faults
    return ()


@pytest.mark.parametrize("source", ["{type: file, path: m.jsonl, budget: {reads: 5}}",
                                    "{type: sql, url: 'postgresql://db/c', query: 'SELECT * FROM c WHERE at >= :since AND at < :until', budget: {usd: 5}}"])  # fmt: skip
def test_a_budget_that_nothing_counts_is_refused(source: str) -> None:
    """What is read from files and databases is not counted, and a limit that never holds would be a lie."""
    (found,) = faults(sources=f"sources: [{source}]")
    assert "sources.0.budget: a " in found
    assert "so no budget could stop it (leave it out)" in found
