"""The credentials of a source: an option of the policy, and how they are sent."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.errors import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.http.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Key:
    """Which option holds a secret, and where in a request it belongs."""

    option: str
    """Name of the option, for hints."""
    reference: str | None
    """``${NAME}``, as the policy has it; None where the user gave no key."""
    header: str = "Authorization"
    """Empty where the source itself sends it, in the body of a login; it is then only taken out of what comes back."""
    prefix: str = "Bearer "
    """Stands before it in the header."""
    query: str = ""
    """Send it as this parameter of the query, in place of a header."""
    user: str = ""
    """Send it as the password of this user (HTTP Basic), in place of a bearer token."""

    def give(self, adapter: Adapter, secret: Callable[[str], str]) -> None:
        """Look the secret up and have it sent with every request.

        Raises:
            SourceRefused: it is not set, or cannot be a key.
        """
        if self.reference is None:
            return
        value = secret(self.reference).strip()
        if not (value and value.isascii() and value.isprintable() and " " not in value):
            message = f"what {self.reference} holds is no key: it is empty, or has spaces or odd characters in it"
            raise SourceRefused(message, hint=f"copy it again into {self.reference} (option {self.option})")
        if not self.header:
            adapter.authorize(secrets=(value,))
        elif self.query:
            adapter.authorize(query={self.query: value}, secrets=(value,))
        elif self.user:
            pair = b64encode(f"{self.user}:{value}".encode()).decode()
            adapter.authorize(headers={self.header: f"Basic {pair}"}, secrets=(value, pair))
        else:
            adapter.authorize(headers={self.header: self.prefix + value}, secrets=(value,))

    def hints(self) -> dict[int, str]:
        """Return what to do when a server does not accept it, by status."""
        if self.reference is None:
            missing = f"it wants a key: put one into the environment and give {self.option}: ${{NAME}}"
            return {401: missing, 403: missing}
        return {
            401: f"put a valid key into {self.reference} (option {self.option}): it may be revoked, expired or mistyped",
            403: f"the key in {self.reference} (option {self.option}) may lack a scope, or the account a right",
        }
