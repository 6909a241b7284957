"""What callers may not ask for in a policy that they send: to read this machine, its secrets or its neighbours."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gate.errors import Fault, PolicyFault, SourceRefused, UsageFault
from gate.http.destinations import aim, is_public
from gate.policy import ByLanguage
from gate.policy.secrets import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gate.policy import Policy
    from gate.service.sections import Policies

LOCAL_SOURCES = frozenset({"file", "sql"})
LOCAL_SCORERS = frozenset({"onnx"})
LOCAL_ACTIONS = frozenset({"command", "webhook"})
ELSEWHERE = ("repository", "base_url", "collection", "project")
"""Options of an action that say on what it acts: with the operator's token, callers act only on what is theirs."""
ADDRESSES = frozenset({"server", "url"})
"""Options that name a machine, whatever form its name has; others do where they look like an address."""
NAMED = "use a policy that the service holds (policy_name), or ask its operator to allow it"

Leaf = tuple[str, str]
"""Field, and the text in it."""


def check_inline(policy: Policy, allowed: Policies) -> None:
    """Refuse a policy that somebody who may only start runs must not have.

    Raises:
        PolicyFault: with everything that is not allowed.
    """
    faults = [] if allowed.local else [Fault(policy.path, 0, *each, NAMED) for each in _local(policy)]
    faults += [Fault(policy.path, 0, *each, NAMED) for each in _handed_on(policy, allowed.variables)]
    for field, value in _texts(policy):
        if re.fullmatch(REFERENCE, value):
            if value[2:-1] not in allowed.variables:
                faults.append(Fault(policy.path, 0, field, f"the variable {value[2:-1]} is not allowed here", NAMED))
        elif not allowed.private_addresses and (host := _host(field, value)) and _private(host):
            faults.append(Fault(policy.path, 0, field, f"{host} is on a private address", NAMED))
    if faults:
        raise PolicyFault(tuple(faults))


def check_callback(url: str, secret: str, hosts: Sequence[str], variables: Collection[str]) -> None:
    """Refuse to write to somebody whom the operator does not know, or to sign with a secret that is not for this.

    Raises:
        UsageFault: that is asked.
    """
    try:
        aim(url, hosts)  # As whoever delivers it does: what is taken now is not refused then.
    except SourceRefused as fault:
        message = f"callback.url: {fault.message}"
        raise UsageFault(message, hint=fault.hint) from fault
    if secret and secret[2:-1] not in variables:
        message = f"the variable {secret[2:-1]} may not sign callbacks"
        raise UsageFault(message, hint="ask the operator to list it in callbacks.variables")


def _local(policy: Policy) -> Iterator[Leaf]:
    for kind, specs in (("sources", policy.sources), ("control", policy.control)):
        for index, spec in enumerate(specs):
            if spec.type in LOCAL_SOURCES:
                yield f"{kind}.{index}.type", f"sources of type {spec.type} read this machine"
    if policy.baseline.file:
        yield "baseline.file", "files of this machine are not read"
    for field, type_ in _scorers(policy):
        if type_ in LOCAL_SCORERS:
            yield field, f"scorers of type {type_} read this machine"
    yield from _actions(policy)


def _actions(policy: Policy) -> Iterator[Leaf]:
    for moment, actions in policy.actions.items():
        for index, action in enumerate(actions):
            place = f"actions.{moment}.{index}"
            if action.type in LOCAL_ACTIONS:
                yield f"{place}.type", f"actions of type {action.type} are not for callers"
            for option in _said(action.options):
                yield f"{place}.{option}", "callers do not say on what an action acts: the run's labels do"


def _handed_on(policy: Policy, allowed: Collection[str]) -> Iterator[Leaf]:
    """Yield the variables that a program would get, and that are not for callers."""
    for moment, actions in policy.actions.items():
        for index, action in enumerate(actions):
            named = getattr(action.options, "environment", ())
            for name in named if isinstance(named, tuple) else ():
                if name not in allowed:
                    yield f"actions.{moment}.{index}.environment", f"the variable {name} is not allowed here"


def _said(options: Any) -> Iterator[str]:  # noqa: ANN401 - any action's
    for field in fields(options):
        if field.name in ELSEWHERE and getattr(options, field.name) != field.default:
            yield field.name


def _scorers(policy: Policy) -> Iterator[Leaf]:
    yield "scorer.type", policy.scorer.type
    if isinstance(policy.scorer.options, ByLanguage):
        for tag, spec in policy.scorer.options.languages.items():
            yield f"scorer.languages.{tag}", spec.type
        if policy.scorer.options.default:
            yield "scorer.default", policy.scorer.options.default.type


def _texts(policy: Policy) -> Iterator[Leaf]:
    """Yield every text that an option of a source, scorer or action holds."""
    for kind, specs in (("sources", policy.sources), ("control", policy.control)):
        for index, spec in enumerate(specs):
            yield from _leaves(spec.options, f"{kind}.{index}")
    yield from _leaves(policy.scorer.options, "scorer")
    for moment, actions in policy.actions.items():
        for index, action in enumerate(actions):
            yield from _leaves(action.options, f"actions.{moment}.{index}")


def _leaves(value: Any, place: str) -> Iterator[Leaf]:  # noqa: ANN401 - whatever options hold
    if isinstance(value, str):
        yield place, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}")
    elif isinstance(value, list | tuple | frozenset):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}.{index}")


def _host(field: str, value: str) -> str:
    """Return the machine that an option names; empty if it names none."""
    try:
        if "://" in value:
            return urlsplit(value).hostname or ""
        if value and field.rpartition(".")[2] in ADDRESSES:
            return urlsplit(f"//{value}").hostname or ""
    except ValueError:
        return ""
    return ""


def _private(host: str) -> bool:
    """Whether any address of a host is one that only machines beside this one can reach.

    So says its name now; what it means when it is listened to, whoever connects sees to (``gate.http.reaching``).
    """
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False  # Nothing can be read from a host that has no address.
    return any(not is_public(ipaddress.ip_address(str(each).partition("%")[0])) for each in found)
