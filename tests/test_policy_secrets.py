"""Secrets come from the environment and stay out of the file, the faults and the evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import PolicyFault, SourceRefused
from gate.policy import load_text, resolve_secret

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "${X_BEARER_TOKEN}"
# Written in two parts, so that scanners for leaked tokens leave this file alone.
TOKENS = [
    "AAAAAAAAAAAAAAAAAAAAA" + "Fn4kAEAAAAAx7%2Bq9ZkP3vQ1",
    "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_" + "pat_11ABCDEFG0abcdefghijkl_mnopqrstuv",
    "glpat" + "-ABCdef123456_ghi789",
    "xox" + "b-123456789012-abcdef",
    "sk" + "-proj-abcdefghijklmnop1234",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2ln",
    "Bearer " + "abcdefghijklmnopqrstuvwxyz",
    "https://gate:" + "hunter2@feeds.example/rss",
    "https://hooks.slack" + ".com/services/T000/B000/XXX",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
]


def policy(source: str = "{type: file, path: m.jsonl}", extra: str = "") -> str:
    """Write a policy with one source."""
    return f"version: 1\nsources: [{source}]\non: {{inconclusive: hold, error: hold}}\n{extra}"


def refused(text: str) -> list[str]:
    """Return the faults of a policy as printed."""
    with pytest.raises(PolicyFault) as caught:
        load_text(text)
    return str(caught.value).splitlines()


def test_a_reference_is_kept_as_a_reference() -> None:
    """The policy never holds the value, whatever the environment holds."""
    read = load_text(policy(f"{{type: x, query: acme, bearer_token: '{REFERENCE}'}}"))
    assert read.sources[0].options.bearer_token == REFERENCE
    assert REFERENCE in json.dumps(read.to_plain())


@pytest.mark.parametrize(
    "value", ["hunter2", "$TOKEN", "${A} ${B}", "Bearer ${A}", "${}", "${1A}", "${A-B}", "", *TOKENS]
)
def test_a_secret_option_takes_only_a_reference(value: str) -> None:
    """Anything but exactly one reference is refused, and never printed."""
    (fault,) = refused(policy(f"{{type: x, query: acme, bearer_token: {json.dumps(value)}}}"))
    assert fault.startswith("gate.yml:2: sources.0.bearer_token: must be a reference, ${NAME}")
    assert not value or value not in fault or value.startswith("$")


@pytest.mark.parametrize(
    "extra", ['release: "${RELEASE}"', 'filters: {drop: ["a ${B} c"]}', 'rules: [{type: keyword, any: ["${A}"]}]']
)
def test_other_options_read_nothing_from_the_environment(extra: str) -> None:
    """A reference outside of secrets is refused, not left as text."""
    (fault,) = refused(policy(extra=extra))
    assert fault.endswith("only secrets are read from the environment (write the value itself)")


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "place",
    [
        "release: {}",
        "filters: {{drop: [giveaway, {}]}}",
        "scorer: {}",
        "dry_run: {}",
        "filters: {{near_duplicates: {}}}",
        "baseline: {{file: {}}}",
        "window: {{length: {}}}",
        "{}: 1",
        "nonsense: {{deep: [{}]}}",
        "actions: {{any: [{{type: {}}}]}}",
    ],
)
def test_a_secret_anywhere_is_refused_and_never_printed(place: str, token: str) -> None:
    """Whatever the option, the fault names the place and hides the value."""
    found = refused(policy(extra=place.format(json.dumps(token))))
    assert all(fault.startswith("gate.yml:4: ") for fault in found)
    assert not any(token in fault or token[:20] in fault for fault in found)


def test_a_secret_says_where_it_belongs() -> None:
    """The hint is the reference to write."""
    assert refused(policy(extra=f"release: '{TOKENS[1]}'")) == [
        "gate.yml:4: release: looks like a secret, and a secret in the file is refused (put it into the environment and write ${NAME} here)"
    ]


def test_a_secret_in_broken_yaml_is_not_quoted() -> None:
    """Not in the message, and not in what a traceback would show of YAML's own."""
    with pytest.raises(PolicyFault) as caught:
        load_text(f"filters: {{drop: [#{TOKENS[1]}]}}")
    assert "unquoted #" in str(caught.value)
    assert TOKENS[1] not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_secret_beside_another_fault_is_found_too() -> None:
    """One line may hold two faults."""
    assert len(refused(policy(extra=f"dry_run: 3  # {TOKENS[0]}\n"))) == 2


def test_a_secret_in_a_comment_is_refused() -> None:
    """The file is kept as evidence as written, comments included."""
    (fault,) = refused(policy(extra=f"# old token: {TOKENS[0]}\n"))
    assert fault.startswith("gate.yml:4: holds what looks like a secret")


@pytest.mark.parametrize(
    "text",
    [
        "sk-iing task-force-one-and-more",
        "AAAAAAAAAAARGH",
        "https://acme.example/a:b@c",
        "#ghp_acme",
        "user@acme.example",
    ],
)
def test_ordinary_words_are_no_secrets(text: str) -> None:
    """What people search for is not mistaken for a token."""
    assert load_text(policy(extra=f"release: {json.dumps(text)}")).release == text


def test_values_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """NAME wins over NAME_FILE, an empty NAME gives way to it, and space around the value is cut off."""
    file = tmp_path / "token"
    file.write_text("  from-file\n", encoding="utf-8")
    assert resolve_secret("${T}", {"T": " direct\n", "T_FILE": str(file)}) == "direct"
    assert resolve_secret("${T}", {"T_FILE": str(file)}) == "from-file"
    assert resolve_secret("${T}", {"T": "", "T_FILE": str(file)}) == "from-file"


@pytest.mark.parametrize(
    ("environ", "content", "message"),
    [
        ({}, None, "secret T is not set, and neither is T_FILE"),
        ({"T": "  "}, None, "secret T is empty"),
        (
            {"T_FILE": "{path}"},
            None,
            "secret T: the file {path} that T_FILE names cannot be read: No such file or directory",
        ),
        ({"T_FILE": "{path}"}, b" \n", "secret T: the file {path} that T_FILE names is empty"),
        ({"T_FILE": "{path}"}, b"\xff", "secret T: the file {path} that T_FILE names is not UTF-8 text"),
        ({"T_FILE": "{path}"}, b"x" * 70_000, "secret T: the file {path} that T_FILE names is too large"),
    ],
)
def test_a_missing_secret_says_how_to_set_it(
    environ: dict[str, str], content: bytes | None, message: str, tmp_path: Path
) -> None:
    """Both ways are named; trying again cannot help."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceRefused) as caught:
        resolve_secret("${T}", {name: value.format(path=path) for name, value in environ.items()})
    assert caught.value.message == message.format(path=path)
    assert caught.value.hint == "set the environment variable T, or T_FILE to the path of a file that holds it"
    assert caught.value.permanent


@given(st.text())
def test_what_is_no_reference_is_never_printed(text: str) -> None:
    """A value handed over in place of a reference stays out of the message."""
    with pytest.raises(SourceRefused) as caught:
        resolve_secret("hunter2" + text, {})
    assert "hunter2" not in str(caught.value) + caught.value.hint
