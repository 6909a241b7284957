"""How actions speak to Azure DevOps: the cloud's, or a server of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from gate.errors import SourceRefused
from gate.http import Client, Key, Retry, address_problem
from gate.outgoing.checking import Checked
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.http import Reply
    from gate.ports import ActionContext

CLOUD = "dev.azure.com"
SIGN_IN = 203
"""What it answers whom it does not know, with a page to sign in."""
_PROJECT = re.compile(r"[^/\\:*?\"<>|;#$%{},+=\[\]\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Checked):
    """The options that every action on Azure DevOps has beside its own."""

    collection: str
    """Address of the organization, e.g. `https://dev.azure.com/acme`, or of a server's collection."""
    project: str
    """Its name or id."""
    token: Secret = Secret("${AZURE_DEVOPS_TOKEN}")
    """Token, as a reference; each action says what it must be allowed to do."""
    auth: Literal["basic", "bearer"] = "basic"
    """How the token is sent: `basic` takes personal access tokens and a job's `System.AccessToken`; `bearer` those of Microsoft Entra."""

    def problems(self) -> list[str]:
        """Say what is wrong with these."""
        wrong = address_problem(self.collection, option="collection")
        parts = urlsplit("" if wrong else self.collection)
        if parts.hostname == CLOUD and not parts.path.strip("/"):
            wrong = f"collection must name the organization, e.g. https://{CLOUD}/acme"
        named = _PROJECT.fullmatch(self.project.strip())
        return [wrong, "" if named else "project must be the name or id of a project"]


class OnAzure:
    """An action in a project at Azure DevOps: its options are a ``Target``, and more."""

    def __init__(
        self, options: Target, context: ActionContext, needs: str, hints: Mapping[int, str], *, base: str = ""
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            options: the action's.
            context: the action's own.
            needs: what the token must be allowed, for hints, e.g. ``Build (read and execute)``.
            hints: what to do about a status, where the action knows better.
            base: address of the collection, where it is another one than people see.
        """
        self._within = context.within
        self._project = f"{(base or options.collection).rstrip('/')}/{quote(options.project.strip())}/_apis"
        self._hint = (
            f"put a valid token with {needs} into {options.token[2:-1]}: it may be revoked, expired or mistyped"
        )
        said = {
            301: "check the address in collection",
            302: self._hint,
            401: self._hint,
            403: f"give the identity behind {options.token[2:-1]} the right to do this: the token needs {needs}",
            404: f"check project and names; a token without {needs} may get the same answer",
            **hints,
        }
        # Whatever the user is called there, it is the token that counts.
        key = Key("token", options.token, user="sentiment-gate" if options.auth == "basic" else "")
        # Whoever runs actions tries again, less and less often: trying here as well would only hold it up.
        self._client = Client(self._project, context, who="Azure DevOps", key=key, hints=said, retry=Retry(0))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _known(self, reply: Reply) -> Reply:
        """Return the reply.

        Raises:
            SourceRefused: it is a page to sign in.
        """
        if reply.status == SIGN_IN:
            message = f"Azure DevOps wants somebody to sign in ({SIGN_IN})"
            raise SourceRefused(message, hint=self._hint)
        return reply


def time_of(said: object) -> datetime | None:
    """Return a time of an answer; None if it is none."""
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else None


def releases_of(collection: str) -> str:
    """Return where the releases of a collection are: in the cloud on another host."""
    parts = urlsplit(collection)
    host = parts.netloc
    if parts.hostname == CLOUD:
        host = f"vsrm.{host}"
    elif (parts.hostname or "").endswith(".visualstudio.com"):
        organization, _, rest = host.partition(".")
        host = f"{organization}.vsrm.{rest}"
    return urlunsplit(parts._replace(netloc=host))
