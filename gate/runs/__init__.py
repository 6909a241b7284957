"""Runs that outlive processes: ordered by a caller, watched by workers, ended by a verdict or by a person.

``orders`` is what callers use (API, page, command line); it needs the run log only. ``durable`` is the worker's side
and needs the ``[service]`` extra.
"""

from __future__ import annotations

from gate.runs.orders import Callback, Order, Runs

__all__ = ["Callback", "Order", "Runs"]
