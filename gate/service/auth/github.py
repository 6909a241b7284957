"""Workflows of GitHub Actions, known by the identity token that GitHub gives them; no secret is stored anywhere.

Claims: https://docs.github.com/actions/reference/security/oidc. Names of repositories change hands, and ``sub`` is made
to order and has had two forms: both are shown at most. What counts is ``repository_id``, ``ref`` and ``environment``.
"""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gate.service.auth.audit import refused, unauthorized
from gate.service.auth.identity import Forged, claims_of
from gate.service.auth.issuers import Unreachable
from gate.service.auth.principals import Principal, roles_of
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.ports import Clock
    from gate.service.auth.issuers import Issuer
    from gate.service.sections import GitHub, GitHubRepository

ALGORITHMS = frozenset({"RS256"})
LONGEST_LABEL = 200

_LOG = logging.getLogger(__name__)


class GitHubTrust:
    """Tells which workflow calls, and what its repository may do here."""

    def __init__(self, github: GitHub, audience: str, issuer: Issuer, clock: Clock) -> None:
        """Take the repositories that are trusted, and the one audience that a token must be made for."""
        self._repositories = github.repositories
        self._audience = audience
        self._issuer = issuer
        self._clock = clock

    def principal(self, token: str) -> Principal:
        """Return the workflow whose token this is.

        Raises:
            Problem: the token is forged, expired or for somebody else (401); the repository, the ref or the environment
                is not let in (403); GitHub's keys cannot be had (503).
        """
        now = self._clock.now()
        try:
            _, claims = claims_of(token, self._issuer, audience=self._audience, algorithms=ALGORITHMS, now=now)
        except Forged as why:
            detail = "the workflow's token is not valid"
            raise unauthorized(detail, why=f"{detail}: {why}") from None
        except Unreachable:
            detail = "the keys that workflows' tokens are checked with cannot be had at the moment"
            raise Problem(503, detail, kind="issuer", hint="try again", headers={"Retry-After": "60"}) from None
        if claims["aud"] != self._audience:  # One of several audiences is one of several who could use it.
            detail = "the workflow's token is for several audiences"
            raise unauthorized(detail)
        return self._known(claims)

    def _known(self, claims: Mapping[str, Any]) -> Principal:
        number, ref, environment = (str(claims.get(name, "")) for name in ("repository_id", "ref", "environment"))
        ours = [each for each in self._repositories if str(each.id) == number]
        if not ours:
            raise refused(
                403,
                f"repository {number[:40]} is not one of this service's",
                kind="forbidden",
                hint="add its id to github.repositories of service.yml",
                why=f"repository {number[:40]} ({str(claims.get('repository'))[:100]}) is not in github.repositories",
            )
        allowing = [each for each in ours if _allows(each, ref, environment)]
        if not allowing:
            where = f"ref {ref[:100]!r}, " + (f"environment {environment[:100]!r}" if environment else "no environment")
            raise refused(
                403,
                f"workflows of this repository may not call from here ({where})",
                kind="forbidden",
                hint="see refs and environments of this repository in service.yml",
                why=f"{ours[0].name}: {where} is not let in",
            )
        # Its name in the settings, not in the token: a name that is given up may be taken by another repository.
        name = allowing[0].name
        if claims.get("repository") != name:
            _LOG.warning("repository %s calls itself %r now: is github.repositories up to date?", name,
                         str(claims.get("repository"))[:100])  # fmt: skip
        certain = {"repository": name, "environment": environment, "actor": str(claims.get("actor", ""))}
        roles = roles_of(role for each in allowing for role in each.roles)
        labels = {key: value[:LONGEST_LABEL] for key, value in certain.items() if value}
        return Principal(f"github:{name}@{ref[:100]}", roles, frozenset({name}), "github", labels)


def _allows(trusted: GitHubRepository, ref: str, environment: str) -> bool:
    """Whether it lets this in; ``*`` in a ref stands for anything, slashes too."""
    by_ref = not trusted.refs or any(fnmatchcase(ref, pattern) for pattern in trusted.refs)
    return by_ref and (not trusted.environments or environment in trusted.environments)
