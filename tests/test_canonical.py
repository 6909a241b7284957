"""Canonical JSON: equal values give equal bytes, and nothing odd is read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.canonical import digest, dumps, encode, from_plain, loads
from gate.errors import EvidenceFault
from gate.model import Coverage, Decision, Dropped, DropReason, Finding, Outcome, Period, Scored, Tally, Verdict

TIMES = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
SCORED = st.builds(
    Scored,
    id=TEXTS,
    source=TEXTS,
    created_at=TIMES,
    period=st.sampled_from(Period),
    negative=NUMBERS,
    score=NUMBERS,
    phrases=st.lists(TEXTS).map(tuple),
    text=st.none() | TEXTS,
)
DROPPED = st.builds(
    Dropped,
    id=TEXTS,
    source=TEXTS,
    created_at=st.none() | TIMES,
    period=st.sampled_from(Period),
    reason=st.sampled_from(DropReason),
    detail=TEXTS,
)
COVERAGE = st.builds(
    Coverage,
    source=TEXTS,
    required=st.booleans(),
    complete=st.booleans(),
    reason=TEXTS,
    fetched=st.integers(),
    kept=st.integers(),
    dropped=st.dictionaries(TEXTS, st.integers()),
)
FINDINGS = st.builds(
    Finding,
    rule=TEXTS,
    harm=st.booleans(),
    code=TEXTS,
    sentence=TEXTS,
    numbers=st.dictionaries(TEXTS, st.none() | st.integers() | NUMBERS | TEXTS),
)
VERDICTS = st.builds(
    Verdict,
    outcome=st.sampled_from(Outcome),
    decision=st.sampled_from(Decision),
    code=TEXTS,
    reason=TEXTS,
    decided_at=TIMES,
    rule=TEXTS,
    odds=st.none() | NUMBERS,
    tally=st.just(Tally(2, 1, 1, 1, 0.5, None, -0.0, None)),
    findings=st.lists(FINDINGS).map(tuple),
    coverage=st.lists(COVERAGE).map(tuple),
)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@given(PLAIN)
def test_plain_values_survive(value: object) -> None:
    """What JSON can hold is read back as it was written, and written again to the same bytes."""
    written = dumps(value)
    assert loads(written, "x:1") == value
    assert dumps(loads(written, "x:1")) == written


@given(SCORED | DROPPED | VERDICTS)
def test_domain_objects_survive(thing: Scored | Dropped | Verdict) -> None:
    """A mention or a verdict that was written is read back as the same object."""
    assert from_plain(type(thing), loads(dumps(thing), "x:1"), "x:1") == thing


@given(st.dictionaries(TEXTS, NUMBERS))
def test_order_of_keys_makes_no_difference(value: dict[str, float]) -> None:
    """Two mappings with the same content have the same bytes, however they were filled."""
    assert dumps(value) == dumps(dict(reversed(value.items()))) == dumps(MappingProxyType(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [0.1, True, None]}, '{"a":[0.1,true,null],"b":1}'),
        (Outcome.PASS, '"pass"'),
        (NOON, '"2026-03-10T12:00:00Z"'),
        (NOON + timedelta(microseconds=5), '"2026-03-10T12:00:00.000005Z"'),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), '"2026-03-10T12:00:00Z"'),
        (timedelta(minutes=5), "300"),
        (timedelta(milliseconds=1500), "1.5"),
        (frozenset({"b", "a"}), '["a","b"]'),
        ("café\u2028\x1b", '"café\u2028\\u001b"'),
        ("half \ud83d emoji", '"half \ufffd emoji"'),
    ],
    ids=["mapping", "enum", "time", "microseconds", "zone", "duration", "split second", "set", "controls", "surrogate"],
)
def test_spelling(value: object, text: str) -> None:
    """Each kind of value has one spelling: it is part of the file format."""
    assert dumps(value).decode() == text


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        {1: "a"},
        {chr(0xD800): 1, chr(0xFFFD): 2},
        b"bytes",
        object(),
        datetime(2026, 1, 1),  # noqa: DTZ001 - what is tested
    ],
    ids=["nan", "infinity", "key", "keys that become one", "bytes", "object", "time without zone"],
)
def test_what_has_no_place_in_json_is_refused(value: object) -> None:
    """Nothing is written approximately."""
    with pytest.raises(EvidenceFault) as refused:
        dumps([value])
    assert refused.value.hint


def test_plain_nan_is_refused() -> None:
    """The shortcut for what is plain already refuses NaN too."""
    with pytest.raises(EvidenceFault):
        encode([float("nan")])


def test_digest_is_sha256() -> None:
    """The digest is the one that every other tool computes."""
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    "data",
    [b"{", b"NaN", b"-Infinity", b'{"a":1,"a":2}', b'"\xff"', b"1 2", b"", b"[" * 100_000, b"9" * 5000],
    ids=["torn", "nan", "infinity", "key twice", "not utf-8", "two values", "empty", "deep", "endless number"],
)
def test_odd_json_is_refused(data: bytes) -> None:
    """What we would not have written is not read, and the message names file and line."""
    with pytest.raises(EvidenceFault, match=r"looks\.jsonl:7"):
        loads(data, "looks.jsonl:7")


DROPPED_PLAIN = json.loads(dumps(Dropped("m1", "file", NOON, Period.POST, DropReason.LANGUAGE, "de")))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": 7}, "id"),
        ({"reason": "mood"}, "reason"),
        ({"created_at": "2026-03-10 12:00"}, "created_at"),
        ({"created_at": "2026-03-10T12:00:00+00:00"}, "created_at"),
        ({"created_at": "yesterdayZ"}, "created_at"),
        ({"period": None}, "period"),
        ({"extra\x1b": 1}, "extra"),
    ],
    ids=["type", "enum", "time without zone", "time otherwise spelt", "no time", "null", "unknown field"],
)
def test_odd_fields_are_refused(change: dict[str, object], field: str) -> None:
    """A field that is not exactly as written is refused by name, with no control character in the message."""
    with pytest.raises(EvidenceFault, match=rf"m\.jsonl:3: .*{field}") as refused:
        from_plain(Dropped, DROPPED_PLAIN | change, "m.jsonl:3")
    assert "\x1b" not in refused.value.message


def test_missing_fields_are_refused() -> None:
    """A field that is gone is no default."""
    with pytest.raises(EvidenceFault, match="text_hash: missing"):
        from_plain(Dropped, {name: value for name, value in DROPPED_PLAIN.items() if name != "text_hash"}, "m:1")


@pytest.mark.parametrize("value", [True, "0.5", None, float("inf")], ids=["bool", "text", "null", "infinity"])
def test_numbers_are_numbers(value: object) -> None:
    """A score must be a finite number."""
    plain = json.loads(dumps(Scored("m", "s", NOON, Period.POST, 0.5, 0.0)))
    with pytest.raises(EvidenceFault, match="negative"):
        from_plain(Scored, plain | {"negative": value}, "m:1")
