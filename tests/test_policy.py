"""What a valid gate.yml means."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.decide import Keyword, Minimum, On, Rules, Share, Threshold
from gate.errors import PolicyFault, UsageFault
from gate.filters import Filters
from gate.model import Decision
from gate.policy import (
    DEFAULT_SCORER,
    Baseline,
    Overrides,
    Policy,
    Window,
    format_duration,
    load,
    load_text,
    parse_duration,
    template,
)
from gate.wiring import release_of

SHORT = """\
version: 1
sources: [{type: file, path: mentions.jsonl}]
on: {inconclusive: hold, error: halt}
"""
FULL = """\
version: 1
release: "#acme24"
sources:
  - {type: x, query: '"acme app" OR #acme24 lang:en', budget: {reads: 2000}}
  - {type: file, path: mentions.jsonl, required: false}
window:   {settle: 5m, length: 45m, every: 60s, promote_early: false}
baseline: {length: 7d, match: hour-of-week}
filters:  {languages: [en], one_vote_per_author: true, near_duplicates: drop, min_account_age: 7d, drop: [giveaway]}
scorer: vader
rules:
  - {type: share, alpha: 0.01, tolerate: 0.02}
  - {type: threshold, metric: mean_score, min: -0.2, min_mentions: 30}
  - {type: keyword, any: ["data loss", "charged twice"], authors: 3}
minimum:  {mentions: 30, authors: 15, sources: 1}
on:       {inconclusive: hold, error: hold}
dry_run: true
"""


def read(extra: str = "", overrides: Overrides | None = None) -> Policy:
    """Read the shortest policy and what is added to it."""
    return load_text(SHORT + extra, overrides=overrides)


def test_the_shortest_policy_has_every_default() -> None:
    """Version, one source and ``on`` are enough; the default rule is share."""
    policy = read()
    assert (policy.version, policy.release, policy.rules) == (1, "", (Share(),))
    assert (policy.window, policy.baseline) == (Window(), Baseline())
    assert (policy.filters, policy.minimum) == (Filters(), Minimum())
    assert policy.on == On(inconclusive=Decision.HOLD, error=Decision.HALT)
    assert policy.scorer.type == DEFAULT_SCORER
    assert not policy.dry_run
    assert not policy.keep_text
    assert policy.actions == {}


def test_every_section_is_read() -> None:
    """Durations, lists, nested options, rules and decisions arrive as what they are."""
    policy = load_text(FULL)
    assert policy.release == "#acme24"
    assert policy.window == Window(timedelta(minutes=5), timedelta(minutes=45), timedelta(minutes=1))
    assert policy.baseline == Baseline(timedelta(days=7), "hour-of-week")
    assert policy.filters.languages == ("en",)
    assert policy.filters.min_account_age == timedelta(days=7)
    assert policy.rules == (
        Share(),
        Threshold("mean_score", min=-0.2),
        Keyword(("data loss", "charged twice")),
    )
    x, file = policy.sources
    assert (x.type, x.name, x.required, x.line, x.options.budget.reads) == ("x", "x", True, 4, 2000)
    assert (file.name, file.required, file.options.path) == ("file", False, "mentions.jsonl")
    held = On(Decision.HOLD, Decision.HOLD)
    assert policy.decision_rules() == Rules(policy.rules, Minimum(), held, dry_run=True, match=timedelta(days=7))


def test_an_earlier_release_is_the_baseline() -> None:
    """Its zone is read, the policy writes itself down in UTC, and the baseline never reaches past the deploy."""
    policy = read("baseline: {release: 2026-03-03T15:00:00+01:00, length: 6h}")
    earlier = datetime(2026, 3, 3, 14, tzinfo=UTC)
    assert policy.baseline == Baseline(timedelta(hours=6), release=earlier)
    assert load_text(json.dumps(policy.to_plain())).baseline == policy.baseline
    assert policy.baseline.span(earlier + timedelta(days=7)) == (earlier, earlier + timedelta(hours=6))
    assert policy.baseline.span(earlier + timedelta(hours=1)) == (earlier, earlier + timedelta(hours=1))
    release = release_of(policy, earlier + timedelta(days=7), earlier + timedelta(days=7))
    assert (release.baseline_from, release.baseline_to) == (earlier, earlier + timedelta(hours=6))
    with pytest.raises(UsageFault, match="is not before the deploy"):
        release_of(policy, earlier, earlier)


def test_a_control_is_heard_beside_the_sources() -> None:
    """Its sources have names of their own, are never required, and survive being written down."""
    policy = read("control: [{type: file, path: others.jsonl}, {type: file, name: rival, path: rival.jsonl}]")
    assert [(spec.name, spec.required) for spec in policy.sources] == [("file", True)]
    assert [(spec.name, spec.required) for spec in policy.control] == [("file-2", False), ("rival", False)]
    assert load_text(json.dumps(policy.to_plain())) == policy
    assert read().control == ()


def test_yaml_1_1_traps_mean_what_they_say() -> None:
    """``on`` and ``no`` stay text, 1e-2 is a number, 12:30 is no 750 and a date no date."""
    extra = "rules: [{type: share, alpha: 1e-2, tolerate: 0}]\nfilters: {languages: [no, on], drop: [12:30, 2024-01-01, 1_000]}\n"
    policy = read(extra)
    assert policy.rules == (Share(alpha=0.01, tolerate=0.0),)
    assert policy.filters.languages == ("no", "on")
    assert policy.filters.drop == ("12:30", "2024-01-01", "1_000")


def test_sources_are_named_apart() -> None:
    """The second source of a type is ``type-2``, and a name somebody chose is left to them."""
    text = SHORT.replace(
        "[{type: file, path: mentions.jsonl}]",
        "[{type: file, path: a.jsonl}, {type: file, path: b.jsonl}, {type: file, path: c.jsonl, name: file-2}]",
    )
    assert [spec.name for spec in load_text(text).sources] == ["file", "file-3", "file-2"]


def test_a_scorer_is_a_name_or_a_mapping() -> None:
    """Both forms mean the same."""
    assert read("scorer: vader\n") == read("scorer: {type: vader}\n")


def test_overrides_win_over_the_file() -> None:
    """What the command line says replaces the file's word before anything is checked."""
    given = Overrides(release="acme 2", length="2h", scorer="vader", dry_run=True, keep_text=True)
    policy = read("window: {length: 1m}\n", given)
    assert (policy.release, policy.window.length) == ("acme 2", timedelta(hours=2))
    assert policy.dry_run
    assert policy.keep_text


def test_the_effective_policy_follows_the_meaning_not_the_writing() -> None:
    """Comments, order and written-out defaults leave it alone; another level does not."""
    same = "# a comment\non: {error: halt, inconclusive: hold}\nwindow: {length: 2700s}\n" + SHORT.partition("\non:")[0]
    assert load_text(same).to_plain() == read().to_plain()
    assert read("rules: [{type: share, alpha: 0.02}]\n").to_plain() != read().to_plain()


@pytest.mark.parametrize("text", [SHORT, FULL, template("file"), template("x")])
def test_the_plain_form_reads_back_as_the_same_policy(text: str) -> None:
    """``to_plain`` is JSON, loses nothing, and holds secrets as references only."""
    policy = load_text(text)
    written = json.dumps(policy.to_plain())
    again = load_text(written)
    assert again == policy
    assert again.to_plain() == policy.to_plain()
    assert '"settle": "5m"' in written
    assert policy.text == text


@pytest.mark.parametrize("source", ["file", "x"])
def test_the_template_writes_out_what_has_no_safe_default(source: str) -> None:
    """What ``gate init`` writes is valid and holds both keys of ``on``."""
    text = template("x" if source == "x" else "file")
    policy = load_text(text)
    assert [spec.type for spec in policy.sources] == [source]
    assert "inconclusive: hold" in text
    assert "error: hold" in text
    assert max(map(len, text.splitlines())) <= 120


def test_a_file_is_read_with_its_folder(tmp_path: Path) -> None:
    """Relative paths in a policy start at its own folder; a byte order mark does no harm."""
    path = tmp_path / "gate.yml"
    path.write_bytes(b"\xef\xbb\xbf" + SHORT.encode())
    policy = load(path)
    assert policy.folder == tmp_path.resolve()
    assert policy.path == str(path)


def test_a_missing_file_says_how_to_get_one() -> None:
    """No policy is a usage fault with the command that writes one."""
    with pytest.raises(UsageFault, match=r"no policy at nowhere/gate\.yml") as caught:
        load(Path("nowhere/gate.yml"))
    assert caught.value.hint == "write one with gate init"


def test_a_folder_in_place_of_the_file_is_a_usage_fault(tmp_path: Path) -> None:
    """What cannot be opened says so and names the option."""
    with pytest.raises(UsageFault, match="cannot read the policy") as caught:
        load(tmp_path)
    assert "--policy" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version: 1\nrelease: \xff\xfe\n", "gate.yml:2: is not UTF-8 text (save it as UTF-8)"),
        ("version: 1\n".encode("utf-16"), "gate.yml:1: is not UTF-8 text (save it as UTF-8)"),
        (b"# " + b"x" * 1_000_000, "gate.yml: is larger than 1 MB"),
        (b"", "gate.yml: is empty (write a policy with gate init)"),
        (b"# only a comment\n", "gate.yml: is empty (write a policy with gate init)"),
    ],
)
def test_files_that_are_no_policy(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong encodings, huge files and empty ones are refused with their reason."""
    (tmp_path / "gate.yml").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyFault) as caught:
        load(Path("gate.yml"))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0), (" 1d12h ", 129_600)],
)
def test_durations(text: str, seconds: int) -> None:
    """Units are w, d, h, m and s, largest first."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "5min", "5M", "m", "-5m", "1.5h", "5m1h", "\u0665m", "PT5M", "999999999w", "5 m"]
)
def test_what_is_no_duration(text: str) -> None:
    """Everything else is refused, a bare number with what to say instead."""
    with pytest.raises(ValueError, match="say 90s or 5m" if text == "5" else "duration|longer"):
        parse_duration(text)


@given(st.timedeltas(timedelta(0), timedelta(days=10_000)))
def test_durations_read_back(duration: timedelta) -> None:
    """What is written is read as the same, to the second."""
    whole = timedelta(days=duration.days, seconds=duration.seconds)
    assert parse_duration(format_duration(whole)) == whole


def test_only_named_plugs_are_imported() -> None:
    """A policy with a file source does not import the X source or its library."""
    code = (
        "import sys; from gate.policy import load_text, template; load_text(template('file'));"
        "print(sorted(m for m in sys.modules if m in {'tweepy', 'gate.sources.x', 'flask', 'sqlalchemy', 'requests'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
