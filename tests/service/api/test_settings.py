"""service.yml and the environment: every fault at once, each with its line and the next step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import PolicyFault, UsageFault
from gate.service.settings import load, of_environment

if TYPE_CHECKING:
    from pathlib import Path


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Wrong values, unknown keys and secrets are all told, by line, with the nearest known key."""
    file = tmp_path / "service.yml"
    file.write_text(
        "listen: 5\nlimit: {}\nlogin: {issuer: a, client_secret: ghp_abcdefghijklmnopqrstuvwx}\n"
        "policies: {varables: [A]}\nretention: {sessions: 5 fortnights}\npublic_url: gate.example.com\n"
    )
    with pytest.raises(PolicyFault) as wrong:
        load(file, {"GATE_LOG": "xml"})
    told = str(wrong.value)
    for words in (
        "service.yml:1: listen",
        "service.yml:2: limit: unknown key (did you mean limits?)",
        "service.yml:3: login.client_secret: holds a secret",
        "service.yml:3: login.client_id",
        "service.yml:4: policies.varables: unknown key (did you mean variables?)",
        "service.yml:5: retention.sessions",
        "service.yml:6: public_url",
        "$GATE_LOG: log",
    ):
        assert words in told
    assert "ghp_" not in told


def test_hosts_that_are_none(tmp_path: Path) -> None:
    """Each host for callbacks that cannot be read is a fault with its line, or the variable it came from, and what to write."""
    file = tmp_path / "service.yml"
    file.write_text("callbacks:\n  hosts:\n    - ci.example\n    - https://\n    - ci.example=10.1\nlog: xml\n")
    with pytest.raises(PolicyFault) as wrong:
        load(file, {})
    told = str(wrong.value)
    for words in (
        "service.yml:4: callbacks.hosts.1",
        "service.yml:5: callbacks.hosts.2",
        "HOST=NETWORK",
        "service.yml:6: log",
    ):
        assert words in told
    with pytest.raises(PolicyFault, match=r"\$GATE_CALLBACK_HOSTS: callbacks.hosts.1"):
        load(None, {"GATE_CALLBACK_HOSTS": "ci.example ci.example/path"})


def test_environment_stands_over_the_file(tmp_path: Path) -> None:
    """Variables win over the file, which wins over defaults; a store's URL with a password may come from there only."""
    file = tmp_path / "service.yml"
    file.write_text("listen: 127.0.0.1:1\nlimits: {stream_length: 2m}\ncallbacks: {hosts: [a.example]}\n")
    environ = {"GATE_SERVICE": str(file), "GATE_LISTEN": "0.0.0.0:80", "GATE_STORE": "postgresql://a:b@db/gate",
               "GATE_CALLBACK_HOSTS": "b.example c.example", "GATE_RUNS": "7"}  # fmt: skip
    settings = of_environment(environ)
    assert (settings.listen, settings.runs, settings.log) == ("0.0.0.0:80", 7, "text")
    assert settings.callbacks.hosts == ("b.example", "c.example")
    assert settings.limits.stream_length == timedelta(minutes=2)
    assert settings.store_url(environ) == "postgresql://a:b@db/gate"


def test_store_by_reference() -> None:
    """The URL of the store may be a reference, resolved when it is needed."""
    settings = load(None, {"GATE_STORE": "${DATABASE}"})
    assert settings.store_url({"DATABASE": "postgresql://db/gate"}) == "postgresql://db/gate"


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is a fault of usage that says which option names it."""
    with pytest.raises(UsageFault) as wrong:
        load(tmp_path / "absent.yml", {})
    assert "--config" in wrong.value.hint


def test_keys_of_checks_are_seen_before_anything_starts(tmp_path: Path) -> None:
    """A key for Azure's tokens that is not set, or is too short, is told as a fault of usage with the next step."""
    file = tmp_path / "service.yml"
    file.write_text('azure: {organizations: ["https://dev.azure.com/acme"], keys: ["${GATE_AZURE_KEY}"]}\n')
    written = tmp_path / "written.yml"
    written.write_text("azure: {organizations: ['https://dev.azure.com/acme'], keys: [abc]}\n")
    with pytest.raises(PolicyFault, match=r"azure.keys.0: must name a variable.*write \$\{NAME\}"):
        load(written, {})
    settings = load(file, {})
    with pytest.raises(UsageFault, match="GATE_AZURE_KEY is not set") as missing:
        settings.check({})
    assert "set the environment variable" in missing.value.hint
    with pytest.raises(UsageFault, match="GATE_AZURE_KEY"):
        settings.check({"GATE_AZURE_KEY": "short"})
    settings.check({"GATE_AZURE_KEY": "0123456789abcdef" * 4})
