"""How long readers wait for a verdict: many at once, on one machine with the service and its worker.

A fixed number of requests a second is sent whether or not the ones before were answered, and each is timed from the
moment it was due, so that a stall counts for all that had to wait for it. 99 in 100 must be answered within 25 ms at
200 requests a second on two cores, of which the readers take their share.

    python -m benchmarks.verdict
    python -m benchmarks.verdict --rate 400 --seconds 30
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from tests.cli.commands import DEPLOY
from tests.service.running import Service, serving, wait_for

MARK = 0.025
"""Seconds in which 99 of 100 requests must be answered."""
READERS = 16


def main() -> int:
    """Measure, print, and return 0 if the mark was kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as service:
        run_id = finished_run(service)
        before = processor(service.process.pid)
        took, wrong = read(service, f"/v1/runs/{run_id}/verdict", options.rate, options.seconds)
        each = (processor(service.process.pid) - before) / len(took) * 1000
    took.sort()
    shares = {share: took[min(len(took) - 1, int(len(took) * share))] * 1000 for share in (0.5, 0.9, 0.99, 0.999)}
    print(f"{len(took)} requests at {options.rate}/s by {READERS} readers, {wrong} not answered with 200; "
          f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # fmt: skip
    print(
        "ms: "
        + ", ".join(f"{share:.1%} {value:.1f}" for share, value in shares.items())
        + f", most {took[-1] * 1000:.1f}"
    )
    print(f"processor time of the service: {each:.1f} ms a request")
    return int(wrong > 0 or shares[0.99] > MARK * 1000)


def finished_run(service: Service) -> str:
    """Return a run that has its verdict."""
    order = {"policy_name": "bad", "deployed_at": DEPLOY.isoformat(), "labels": {"repository": "acme/app"}}
    run_id: str = service.post("/v1/runs", order).json()["id"]
    wait_for(lambda: service.get(f"/v1/runs/{run_id}/verdict").json()["final"], service.log)
    return run_id


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process and all below it have taken (Linux)."""
    found: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        found[int(stat.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    family = {pid}
    while more := {one for one, (parent, _) in found.items() if parent in family} - family:
        family |= more
    return sum(found[one][1] for one in family if one in found) / os.sysconf("SC_CLK_TCK")


def read(service: Service, path: str, rate: int, seconds: float) -> tuple[list[float], int]:
    """Send requests on time, and return how long each took and how many failed."""
    parts = urlsplit(service.url)
    began, took, wrong, pause = perf_counter() + 0.5, [], [], threading.Event()

    def reader(number: int) -> None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        for turn in range(int(rate * seconds / READERS)):
            due = began + (turn * READERS + number) / rate
            pause.wait(max(0.0, due - perf_counter()))
            connection.request("GET", path, headers={"Authorization": f"Bearer {service.token}"})
            reply = connection.getresponse()
            reply.read()
            took.append(perf_counter() - due)
            if reply.status != http.HTTPStatus.OK:
                wrong.append(reply.status)
        connection.close()

    threads = [threading.Thread(target=reader, args=(number,)) for number in range(READERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return took, len(wrong)


if __name__ == "__main__":
    sys.exit(main())
