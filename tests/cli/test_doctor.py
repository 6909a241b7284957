"""``gate doctor``: what a run will cost and bring, before it is made."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.clock import SystemClock
from gate.diagnosis import forecast
from gate.model import Allowance, Cost, Rate
from gate.policy import load_text
from tests.cli.commands import POLICY, gate, history, project
from tests.servers.http_server import Reply, Server
from tests.servers.x_api import COUNTS, TOKEN, XApi

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "version: 1\nrelease: acme24\non: {inconclusive: hold, error: hold}\n"


def test_ready_is_not_said_where_too_few_write(tmp_path: Path) -> None:
    """A file with 200 mentions in a day gives 4 in half an hour: ready, but INCONCLUSIVE, and what would help."""
    done = gate(project(tmp_path, history()), "doctor")
    assert done.returncode == 0, done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Ready, but expect INCONCLUSIVE unless the deploy makes more people write")
    assert "warn  run: volume: about 4 mentions in a window of 30m" in done.stdout
    assert "next: watch longer (window.length: 3h)" in done.stdout
    assert "policy: valid: gate.yml, 1 rule\n" in done.stdout
    enough = gate(project(tmp_path, history(), POLICY.replace("mentions: 20", "mentions: 3")), "doctor")
    assert enough.stdout.splitlines()[-1] == "Ready: `gate check` can run."


def test_a_whole_run_is_priced(tmp_path: Path) -> None:
    """From one count of X: money and reads of the looks and the baseline together, against the budget, in JSON too."""
    now = SystemClock().now
    api = XApi(now)
    for number in range(336):
        api.write(now() - timedelta(minutes=30 * number + 1))
    with api.server() as server:
        source = f'{{type: x, base_url: "{server.url}", budget: {{reads: 100}}}}'
        (tmp_path / "gate.yml").write_text(HEAD + f"sources: [{source}]\n")
        done = gate(tmp_path, "doctor", token=TOKEN)
        found = json.loads(gate(tmp_path, "doctor", "--json", token=TOKEN).stdout)
    assert [request.path for request in server.requests] == [COUNTS] * 2
    assert "run: cost: 41 looks and a baseline of 7d: about 42 requests, 338 reads, US$ 1.69" in done.stdout
    assert "x: budget: a run takes about 42 requests, 338 reads, US$ 1.69, the budget is 100 reads" in done.stdout
    (rate,) = [each["check"]["rate"] for each in found if each["check"]["rate"]]
    assert (rate["mentions_per_hour"], rate["mention"]["usd"]) == (2.0, 0.005)


def test_what_is_not_known_is_not_counted() -> None:
    """A source that cannot say how much comes is named, and nobody is told of too few mentions."""
    policy = load_text(HEAD + "sources: [{type: x}, {type: file, path: m.jsonl}]\nbaseline: {file: b.jsonl}\n")
    requests, cost, volume = forecast(policy, {"file": [Rate(1.0, look=Cost(), free=True)]})
    assert requests.check.detail == "no requests; free"
    assert (cost.check.detail, cost.required) == ("41 looks: about nothing; not counted: x", False)
    assert (volume.check.ok, volume.check.detail.startswith("at least 1 mention ")) == (True, True)


def test_a_free_source_is_counted_against_what_it_allows(tmp_path: Path) -> None:
    """Looks times requests, the busiest stretch against the limit that the service itself names, and that it is free."""
    headers = {"x-ratelimit-limit": "3", "x-ratelimit-remaining": "2", "content-type": "application/json"}
    with Server(Reply(200, b'{"latest_posts": []}', headers)) as server:
        source = f'sources: [{{type: discourse, server: "{server.url}"}}]\n'
        (tmp_path / "gate.yml").write_text(HEAD + source)
        done = gate(tmp_path, "doctor")
        (tmp_path / "gate.yml").write_text(HEAD + source + "window: {settle: 5m, length: 45m, every: 10s}\n")
        hasty = gate(tmp_path, "doctor")
    assert "ok    discourse: requests: 41 looks × 1 request = 41, 1 of 3 per 1m; free" in done.stdout
    assert "run: cost: 41 looks and a baseline of 7d: about 42 requests, free\n" in done.stdout
    assert "warn  discourse: requests: 241 looks × 1 request = 241, 6 of 3 per 1m; free" in hasty.stdout
    assert "next: look less often (window.every)" in hasty.stdout


def test_servers_are_counted_one_by_one() -> None:
    """Each of several servers has a limit of its own."""
    policy = load_text(HEAD + "sources: [{type: mastodon, server: https://a.example}]\n")
    rate = Rate(allowed=Allowance(300, timedelta(minutes=5)), free=True)
    requests, cost = forecast(policy, {"mastodon": [rate, rate]})
    assert requests.check.detail == "41 looks × 1 request = 41 at each of 2 servers, 5 of 300 per 5m; free"
    assert "about 84 requests, free" in cost.check.detail
