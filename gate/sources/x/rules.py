"""The one rule by which X's stream knows what we want to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.http import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.sources.x.client import Client

TAG = "sentiment-gate"


def ensure(client: Client, query: str) -> tuple[str, int]:
    """Have the query as a rule; return its id, and how many rules of others the app has.

    A rule of ours that a killed run left behind is used again.

    Raises:
        SourceRefused: X does not take the query as a rule, or refuses in another way.
        SourceDown: no proper answer this time.
    """
    known = _rules(client.rules())
    ours = [rule for rule in known if rule.get("tag") == TAG and rule.get("value") == query]
    if ours:
        return str(ours[0].get("id")), len(known) - 1
    reply = client.change_rules({"add": [{"value": query, "tag": TAG}]})
    made = [rule for rule in _rules(reply) if rule.get("id")]
    if not made:
        message = f"X does not take the query as a rule of the stream: {_problem(reply)}"
        raise SourceRefused(
            message, hint="the stream lacks some operators of search; change the query, or mode: search"
        )
    return str(made[0]["id"]), len(known)


def remove(client: Client, rule: str) -> None:
    """Take the rule away.

    Raises:
        SourceFault: it could not be taken away; it costs nothing while nobody is connected.
    """
    client.change_rules({"delete": {"ids": [rule]}})


def others(client: Client) -> int:
    """Return how many rules the app has that are not ours.

    Raises:
        SourceFault: X did not answer properly.
    """
    return sum(rule.get("tag") != TAG for rule in _rules(client.rules()))


def _rules(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = reply.get("data")
    return [rule for rule in found if isinstance(rule, dict)] if isinstance(found, list) else []


def _problem(reply: Mapping[str, Any]) -> str:
    errors = reply.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    details = first.get("details")
    said = (
        details[0]
        if isinstance(details, list) and details
        else first.get("detail") or first.get("title") or "no reason"
    )
    return one_line(str(said))
