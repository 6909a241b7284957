"""How scorers get what they need from the outside: the policy's folder, secrets, a clock."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gate import wiring_scorers
from gate.errors import UsageFault
from gate.policy import load_text
from tests.neural import tiny
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "version: 1\nrelease: acme\nsources: [{type: file, path: m.jsonl}]\non: {inconclusive: hold, error: hold}\n"


def test_a_model_folder_is_found_from_the_policys_folder(tmp_path: Path) -> None:
    """A relative path starts where gate.yml lies, wherever the command runs."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    tiny.folder(tmp_path / "model", labels=("negative", "neutral", "positive"))
    policy = load_text(POLICY + "scorer: {type: onnx, path: model}\n", path=str(tmp_path / "gate.yml"))
    context = wiring_scorers.scorer_context(policy, ManualClock(), {})
    (score,) = wiring_scorers.build_scorer("onnx", policy.scorer.options, context).score(["bad"])
    assert score
    assert score.negative > 0.8


def test_a_token_comes_from_the_runs_environment() -> None:
    """A remote scorer's token is looked up in the environment the run was given."""
    with Server(Reply.of([{"n": 0.9, "p": 0.1}])) as server:
        scorer = (
            f"scorer: {{type: http, url: '{server.url}', request: '[\"{{text}}\"]', negative: n, positive: p,\n"
            "  token: '${SERVICE_KEY}'}\n"
        )
        policy = load_text(POLICY + scorer, path="gate.yml")
        context = wiring_scorers.scorer_context(policy, ManualClock(), {"SERVICE_KEY": "k3y"})
        (score,) = wiring_scorers.build_scorer("http", policy.scorer.options, context).score(["bad"])
    assert score
    assert score.negative == 0.9
    assert server.requests[0].headers["authorization"] == "Bearer k3y"


def test_a_scorer_that_needs_options_cannot_be_named_alone() -> None:
    """Asked for by name, such a scorer is a usage fault that lists what it needs, not a crash."""
    with pytest.raises(UsageFault, match="needs url, request"):
        wiring_scorers.default_options("scorers", "http")
    said = subprocess.run(
        [sys.executable, "-m", "gate", "score", "--scorer", "onnx"],
        input="bad\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 2
    assert "it needs path" in said.stderr
