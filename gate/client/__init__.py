"""A small client of the gate service: for ``gate start`` and the rest, and for whoever writes Python.

from gate.client import Client, Order

with Client("https://gate.example.com", os.environ["GATE_TOKEN"]) as gate:
    run = gate.start(Order(policy_name="checkout", labels={"repository": "acme/app"}))
    verdict = gate.wait(run)
    sys.exit(verdict.exit_code)
"""

from __future__ import annotations

from gate.client.answers import RunState, VerdictState
from gate.client.client import Client, Order

__all__ = ["Client", "Order", "RunState", "VerdictState"]
