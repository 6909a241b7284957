"""Who may do what. For now one token, ``$GATE_ADMIN_TOKEN``, which may do everything."""

from __future__ import annotations

import hmac
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from flask import g, request

from gate.service.auth.principals import Principal, Role
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from gate.ports import Clock
    from gate.service.settings import Settings
    from gate.store import Store

__all__ = ["Gatekeeper", "Principal", "Role", "principal", "require"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Gatekeeper:
    """Says who asks."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, environ: Mapping[str, str]) -> None:  # noqa: ARG002
        """Take what it needs to tell."""
        self._token = environ.get("GATE_ADMIN_TOKEN", "")

    def install(self, app: Flask) -> None:
        """Look at every request before it is answered."""
        app.before_request(self._authenticate)

    def _authenticate(self) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        known = kind.lower() == "bearer" and self._token and hmac.compare_digest(token.encode(), self._token.encode())
        g.principal = Principal("admin", frozenset(Role), None, "token") if known else None


def principal() -> Principal:
    """Return who asks.

    Raises:
        Problem: nobody we know.
    """
    if g.get("principal") is None:
        raise Problem(401, "a token is needed", kind="unauthorized", headers={"WWW-Authenticate": "Bearer"})
    return cast("Principal", g.principal)


def require(role: Role) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Answer only those who have the role."""

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if role not in principal().roles:
                raise Problem(403, f"the role {role} is needed", kind="forbidden")
            return view(*args, **kwargs)

        return guarded

    return decorate
