"""examples/flagger: what Flagger does with what the gate answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from tests.integrations.asking import PUBLIC
from tests.integrations.flagger import Flagger
from tests.integrations.told import GOES_ON, HOLDS, ROLLS_BACK, table
from tests.servers.running import free_port
from tests.service.running import wait_for
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.integrations.asking import Gate

FOLDER = ROOT / "examples/flagger"
RELAY = "http://sentiment-gate.shop"
ENDS = {"Succeeded": GOES_ON, "Failed": ROLLS_BACK, "WaitingPromotion": HOLDS}
ANSWERS = {"promote": "pass", "halt": "fail", "hold": "inconclusive"}


def canary() -> dict[str, Any]:
    """Return the manifest; the gate holds its policy under another name."""
    text = (FOLDER / "canary.yml").read_text(encoding="utf-8").replace("policy: checkout", "policy: long")
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


def template() -> str:
    """Return the relay's configuration."""
    first = next(yaml.safe_load_all((FOLDER / "relay.yml").read_text(encoding="utf-8")))
    return str(first["data"]["default.conf.template"])


def flagger(gate: Gate) -> Flagger:
    """Return a Flagger with the relay between it and the gate: it adds the header that the configuration says."""
    (location,) = re.findall(r"location (/v1/\S+) ", template())
    (header,) = re.findall(r'proxy_set_header Authorization "(.*)";', template())

    def send(url: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        path = url.removeprefix(RELAY)
        assert path.startswith(location)
        added = {"Authorization": header.replace("${GATE_TOKEN}", gate.token)}
        return gate.send("POST", PUBLIC + path, {**headers, **added}, body)

    return Flagger(canary(), send)


@pytest.mark.parametrize("answer", ["promote", "halt", "hold"])
def test_a_canary(gate: Gate, answer: str) -> None:
    """It goes up to its weight, waits there for the gate, and is promoted, taken back, or left there."""
    controller = flagger(gate)
    controller.deploy(answer)
    phases = [controller.interval() for _ in range(5)]
    assert phases == [*["Progressing"] * 3, *["WaitingPromotion"] * 2]
    assert controller.weight == 20
    assert controller.answers == [
        ("confirm-rollout", 202),
        *[("rollback", 409)] * 3,
        ("confirm-promotion", 425),
        ("rollback", 409),
        ("confirm-promotion", 425),
    ]
    gate.decide(gate.newest(canary="checkout", namespace="shop", checksum=answer), answer)
    end = controller.interval()
    said = table()["Flagger"][ANSWERS[answer]]
    assert (said.sign, said.does) == (" ".join(str(code) for _, code in controller.answers[7:]), ENDS[end])
    assert controller.interval() == end, "and it stays so"


def test_each_rollout_is_heard_anew(gate: Gate) -> None:
    """What the gate said of a build does not count when the same build is rolled out again; asking twice starts one run."""
    controller = flagger(gate)
    for answer in ("promote", "halt"):
        controller.deploy("again")
        before = len(controller.answers)
        controller.interval()
        run = gate.newest(checksum="again")
        assert controller.interval() == "Progressing", "the first run is over, and says nothing here"
        controller.phase = "Initialized"
        controller.interval()
        assert gate.newest(checksum="again") == run
        assert [code for _, code in controller.answers[before:]] == [202, 409, 202]
        gate.decide(run, answer)
        controller.phase = "Succeeded"


@pytest.mark.parametrize("answer", ["promote", "halt"])
def test_another_build_meanwhile(gate: Gate, answer: str) -> None:
    """What comes while a canary is under way has a run of its own, although nobody asks whether it may begin."""
    controller = flagger(gate)
    controller.deploy(f"first-{answer}")
    for _ in range(5):
        controller.interval()
    assert controller.phase == "WaitingPromotion"
    controller.deploy(f"second-{answer}")
    before = len(controller.answers)
    phases = [controller.interval() for _ in range(3)]
    assert phases == ["Progressing", "Progressing", "WaitingPromotion"]
    assert controller.answers[before:] == [*[("rollback", 409)] * 3, ("confirm-promotion", 425)]
    gate.decide(gate.newest(canary="checkout", checksum=f"second-{answer}"), answer)
    assert ENDS[controller.interval()] == table()["Flagger"][ANSWERS[answer]].does


def test_an_outage_holds(gate: Gate) -> None:
    """While the gate is away the canary is neither promoted nor taken back."""
    controller = flagger(gate)
    controller.deploy("away")
    for _ in range(4):
        controller.interval()
    gate.away = 2
    end = controller.interval()
    assert gate.away == 0
    assert ENDS[end] == HOLDS == table()["Flagger"]["error"].does


def test_what_is_refused(gate: Gate) -> None:
    """A hook without policy, one that no run is of, and a token that may not start runs are told so; no run is made."""

    def post(hook: str, token: str = "", **body: Any) -> requests.Response:  # noqa: ANN401
        asked = {"name": "lost", "namespace": "shop", **body}
        return gate.service.post(f"/v1/flagger/{hook}", asked, token=token or gate.token)

    for hook in ("confirm", "rollback"):
        assert post(hook).status_code == 404
    bare = post("start", metadata=None)
    assert (bare.status_code, bare.json()["hint"]) == (422, "write metadata: {policy: NAME} under the webhook")
    assert "did you mean long?" in post("start", metadata={"policy": "longg"}).text
    reader = gate.service.issue("flagger-reader", ["read"])
    assert post("start", token=reader, metadata={"policy": "long"}).status_code == 403
    elsewhere = gate.service.issue("flagger-elsewhere", ["read", "run"], ["acme/app"])
    assert post("start", token=elsewhere, metadata={"policy": "long"}).json()["answer"] == "wait"
    assert post("confirm").status_code == 425
    other = gate.service.issue("flagger-other", ["read", "run"], ["acme/other"])
    assert post("confirm", token=other).status_code == 404


@contextmanager
def relayed(gate: Gate, folder: Path) -> Iterator[str]:
    """Run nginx with the relay's configuration, the places filled in as its image does; yield its address."""
    port = free_port()
    values = {"${GATE_URL}": gate.service.url, "${GATE_TOKEN}": gate.token, "listen 8080": f"listen 127.0.0.1:{port}"}
    text = template()
    for place, value in values.items():
        text = text.replace(place, value)
    own = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ access_log off; "
    (folder / "nginx.conf").write_text(own + text + "}")
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _listens(port) or process.poll() is not None, (folder / "error.log").read_text)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 404
    except requests.RequestException:
        return False


NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or ""


@pytest.mark.skipif(not NGINX, reason="needs nginx: apt-get install nginx-light")
def test_the_relay(gate: Gate, tmp_path: Path) -> None:
    """The relay adds the token, lets nothing through but the hooks, and passes on what the gate says."""
    with relayed(gate, tmp_path) as url:
        body = {"name": "relayed", "namespace": "shop", "metadata": {"policy": "long"}}
        started = requests.post(f"{url}/v1/flagger/start", json=body, timeout=10)
        assert (started.status_code, started.json()["answer"]) == (202, "wait")
        assert requests.post(f"{url}/v1/flagger/confirm", json=body, timeout=10).status_code == 425
        assert requests.get(f"{url}/v1/runs", timeout=10).status_code == 404
