"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from gate.model import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Role(StrEnum):
    """What somebody may do."""

    READ = "read"
    RUN = "run"
    OVERRIDE = "override"
    ADMIN = "admin"


MEANINGS = {
    Role.READ: "see runs: verdicts, logs, evidence, the page",
    Role.RUN: "start runs, and cancel them",
    Role.OVERRIDE: "approve, reject, extend and cancel runs",
    Role.ADMIN: "manage tokens and named policies",
}
"""What each role lets one do, for the documentation."""
IMPLIED = {
    Role.READ: frozenset({Role.READ}),
    Role.RUN: frozenset({Role.RUN, Role.READ}),
    Role.OVERRIDE: frozenset({Role.OVERRIDE, Role.READ}),
    Role.ADMIN: frozenset(Role),
}
"""What else comes with a role: nobody can use a run that they may not see, and who makes tokens can make any."""


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Return the roles of these names, and what comes with them; a name that is none gives nothing."""
    known = set(Role)
    return frozenset(role for name in names if name in known for role in IMPLIED[Role(name)])


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known to the service."""

    name: str
    """As shown in logs: a token's name, ``github:owner/name@ref``, ``login:mail``."""
    roles: frozenset[Role]
    repositories: frozenset[str] | None
    """Repository labels of the runs that are theirs; None for all."""
    via: Literal["token", "github", "session"]
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """What is certain of whoever calls, e.g. repository and commit: a run they start has these, whatever they ask for."""

    @property
    def counted(self) -> str:
        """Whose requests theirs are counted with: branches are many, and made at will."""
        return self.name.partition("@")[0] if self.via == "github" else self.name

    def may(self, role: Role, repository: str | None) -> bool:
        """Whether they may do that to a run with this repository label; None for a run without one."""
        return role in self.roles and (self.repositories is None or repository in self.repositories)

    def labelled(self, asked: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the labels of a run they start.

        What is certain of the caller stands over what was asked for. Who has one repository need not name it.

        Returns:
            None if that would be a run of a repository that is not theirs.
        """
        only = (
            {"repository": next(iter(self.repositories))} if self.repositories and len(self.repositories) == 1 else {}
        )
        labels = {**only, **asked, **self.labels}
        return labels if self.may(Role.RUN, labels.get("repository")) else None
