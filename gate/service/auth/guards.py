"""What a view asks of whoever calls it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from flask import g

from gate.service.auth.audit import refused, unauthorized
from gate.service.auth.principals import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.service.auth.principals import Principal

_P = ParamSpec("_P")
_R = TypeVar("_R")
_OPEN = "gate_open"


def principal() -> Principal:
    """Return who asks.

    Raises:
        Problem: nobody we know (401).
    """
    if g.get("principal") is None:
        detail = "a token is needed"
        raise unauthorized(detail)
    return cast("Principal", g.principal)


def lasting() -> Callable[[], bool]:
    """Return what tells, in any thread, whether whoever asks would be let in still; it raises StoreFault."""
    return cast("Callable[[], bool]", g.lasting)


def require(*roles: Role) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Answer only those who have one of the roles; of runs, ``admit`` says whether this one is theirs."""

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            _has(principal(), *roles)
            return view(*args, **kwargs)

        return guarded

    return decorate


def admit(role: Role, run_id: str, labels: Mapping[str, str]) -> Principal:
    """Return who asks, if they may do that to this run.

    Args:
        role: that it takes.
        run_id: as they wrote it.
        labels: of the run.

    Raises:
        Problem: 404 if the run is not theirs, the same as if there were none, so that nobody learns what others run;
            403 if they may see it, but not do that.
    """
    who = principal()
    repository = labels.get("repository")
    if not who.may(Role.READ, repository):
        raise refused(
            404,
            f"there is no run {run_id!r}",
            kind="no-such-run",
            hint="gate runs lists them",
            why=f"run {run_id} is of another repository ({repository or 'none'})",
        )
    _has(who, role)
    return who


def labels_for(asked: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels of a run that whoever asks wants to start.

    Raises:
        Problem: it would be a run of a repository that is not theirs (403).
    """
    who = principal()
    _has(who, Role.RUN)
    labels = who.labelled(asked)
    if labels is None:
        theirs = ", ".join(sorted(who.repositories or ()))
        detail = f"runs of {asked.get('repository') or 'no repository'} are not yours to start"
        raise refused(403, detail, kind="forbidden", hint=f"label the run with a repository of yours: {theirs}")
    return labels


def public(view: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a view that anybody may call, as it checks by itself who calls, e.g. by a signature."""
    setattr(view, _OPEN, True)
    return view


def is_public(view: Callable[..., Any] | None) -> bool:
    """Whether a view is marked so."""
    return bool(getattr(view, _OPEN, False))


def _has(who: Principal, *roles: Role) -> None:
    if not who.roles.intersection(roles):
        raise refused(
            403,
            f"the role {' or '.join(roles)} is needed",
            kind="forbidden",
            hint="ask whoever runs the service for a token with it",
        )
