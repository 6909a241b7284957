"""What a policy says of Mastodon."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gate.http import address_problem
from gate.ports import Secret

TAG = re.compile(r"#?\w*[^\W\d]\w*")
"""Letters of any script, digits and underscores, but not digits alone."""


@dataclass(frozen=True, slots=True)
class Options:
    """Public posts with a hashtag, or found by full-text search."""

    server: str = ""
    """Address of a server, e.g. https://mastodon.example."""
    servers: tuple[str, ...] = ()
    """Addresses of several: each knows only the posts that reached it. One post counts once."""
    tag: str = ""
    """Hashtag to follow; the policy's release if not given."""
    any: tuple[str, ...] = ()
    """Posts with one of these hashtags count as well."""
    all: tuple[str, ...] = ()
    """Only posts that have all of these hashtags, too."""
    none: tuple[str, ...] = ()
    """No posts with one of these hashtags."""
    search: str = ""
    """Search the full text for this in place of a hashtag; few servers allow it, and only with a token."""
    token: Secret | None = None
    """Access token of ``server``; many servers show hashtags without one."""
    tokens: dict[str, Secret] = field(default_factory=dict)
    """Access tokens of several servers, by host: ``{mastodon.example: "${NAME}"}``."""
    max_pages: int = 10
    """Pages of 40 posts read of each server in one poll; what is left is read by the next poll."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, all of it at once.

        Raises:
            ValueError: one message a fault.
        """
        wrong = [*self._wrong_servers(), *self._wrong_tags(), *self._wrong_tokens()]
        if self.max_pages < 1:
            wrong.append("max_pages must be at least 1")
        if wrong:
            raise ValueError(*wrong)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All servers, as given."""
        return (self.server,) if self.server else self.servers

    def token_of(self, host: str) -> tuple[str, Secret | None]:
        """Return the option that holds a server's token, and the reference in it."""
        return (f"tokens.{host}", self.tokens[host]) if host in self.tokens else ("token", self.token)

    def _wrong_servers(self) -> list[str]:
        if bool(self.server) == bool(self.servers):
            return ["server must be given, or servers for several"]
        option = "server" if self.server else "servers"
        wrong = [problem for each in self.addresses if (problem := address_problem(each, option=option))]
        hosts = [urlsplit(each).netloc for each in self.addresses] if not wrong else []
        return [*wrong, *(["servers must each be another one"] if len(set(hosts)) < len(hosts) else [])]

    def _wrong_tags(self) -> list[str]:
        named = [("tag", self.tag)] if self.tag else []
        named += [(name, tag) for name in ("any", "all", "none") for tag in getattr(self, name)]
        wrong = [f"{name} must be a hashtag, which {tag!r} is not" for name, tag in named if not TAG.fullmatch(tag)]
        if self.search and named:
            wrong.append("search cannot be narrowed by hashtags; write them into it, or leave it out")
        return wrong

    def _wrong_tokens(self) -> list[str]:
        if self.token and self.servers:
            return ["token belongs to one server; write tokens: {host: ${NAME}} for several"]
        hosts = {urlsplit(each).netloc for each in self.addresses}
        wrong = [f"tokens names {host}, which is none of the servers" for host in self.tokens if host not in hosts]
        if self.search and not (self.token or hosts <= set(self.tokens)):
            wrong.append("search needs a token: servers search posts only for accounts of their own")
        return wrong
