"""What a policy says of one source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gate.policy.secrets import references
from gate.policy.values import plain, plain_fields

if TYPE_CHECKING:
    from gate.model import Budget


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One of the ``sources``."""

    type: str
    name: str
    """Unique within the policy: as given, or the type, ``type-2`` …"""
    required: bool
    """Whether the release cannot pass while this source is incomplete."""
    options: Any
    """Instance of the plug's ``Options``."""
    line: int = field(default=0, compare=False)
    """Where it stands in the file."""
    budget: Budget | None = None
    """What may be spent there."""

    @property
    def account(self) -> str:
        """What is billed together: the type, and the references of its secrets."""
        return " ".join([self.type, *sorted(references(self.options))])

    def to_plain(self) -> dict[str, object]:
        """Return it as JSON can hold it."""
        own = plain_fields(self.options)
        budget = {"budget": plain(self.budget)} if self.budget and "budget" not in own else {}
        return {"type": self.type, "name": self.name, "required": self.required, **budget, **own}
