"""The synchronous mode of a check: Azure asks now and again, and is told how the run stands. Nothing is called back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.errors import KeyReused
from gate.model import Decision
from gate.service.api.shown import links, verdict_told
from gate.service.azure.ordering import order_of

if TYPE_CHECKING:
    from gate.service.azure.asked import Wanted
    from gate.service.services import Services


def sample(parts: Services, wanted: Wanted, key: str, by: str) -> dict[str, Any]:
    """Return the verdict so far; the first time its run is started.

    Once the run is over the answer is always the same: what has failed does not pass because it is asked again.

    Args:
        parts: of the service.
        wanted: which run.
        key: stands for it.
        by: who asks.

    Raises:
        PolicyFault: the policy is wrong.
        UsageFault: there is no such policy, or the periods to compare cannot be.
        StoreFault: the run log cannot be used.
    """
    run_id = parts.store.run_ordered(by, key)
    if run_id is None:
        try:
            run_id = parts.runs.start(order_of(parts.settings, wanted, key, parts.clock.now(), by))
        except KeyReused:
            # Asked twice at the same moment: whoever was first said when it was deployed.
            run_id = parts.store.run_ordered(by, key)
            if run_id is None:
                raise
    told = verdict_told(parts.store.standing(run_id))
    # A criterion that reads the decision alone must not pass by one that may still change.
    decision = told["decision"] if told["final"] else Decision.HOLD.value
    return {**told, "decision": decision, "page": links(run_id)["page"]}
