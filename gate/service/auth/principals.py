"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody may do."""

    READ = "read"
    RUN = "run"
    OVERRIDE = "override"
    ADMIN = "admin"
    """Tokens and named policies."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known to the service."""

    name: str
    """As shown in logs."""
    roles: frozenset[Role]
    repositories: frozenset[str] | None
    """Repository labels of the runs that are theirs; None for all."""
    via: Literal["token", "github", "session"]

    def may(self, role: Role, repository: str | None) -> bool:
        """Whether they may do that to a run of that repository."""
        return role in self.roles and (self.repositories is None or repository in self.repositories)
