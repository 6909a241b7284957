"""What users may write under ``scorer: {type: http}``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jmespath

from gate.ports import Secret  # noqa: TC001 - the types of options are read at run time
from gate.scorers.http.template import Template

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""A header's name, RFC 9110, 5.6.2."""
_PATHS = ("results", "id", "negative", "neutral", "positive", "score", "refused")
_LEAST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Options:
    """Any sentiment service that takes JSON and answers with JSON, described without code."""

    url: str
    """Where requests are posted; https, or http on this machine."""
    request: str
    """The request as JSON, with ``{text}`` where a text belongs and ``{id}`` where its number (0, 1 …) does. The part
    of a list that holds ``{text}`` is repeated for each text of a batch."""
    results: str = "@"
    """JMESPath in the reply: the list of results."""
    id: str = ""
    """JMESPath in a result: the number of its text; without it the results are taken in the order of the texts."""
    negative: str = ""
    """JMESPath in a result: probability of negative, 0 to 1; goes with ``positive``."""
    neutral: str = ""
    """JMESPath in a result: probability of neutral, where the service has one."""
    positive: str = ""
    """JMESPath in a result: probability of positive."""
    score: str = ""
    """JMESPath in a result: one number for the mood, in place of probabilities."""
    lowest: float = -1.0
    """What ``score`` is for the worst mood; above ``highest`` where the service counts badness."""
    highest: float = 1.0
    """What ``score`` is for the best mood."""
    refused: str = ""
    """JMESPath in the reply: the numbers of texts the service says it cannot read; they are dropped and counted."""
    token: Secret | None = None
    """Key of the service, as a reference: ``${NAME}``."""
    token_header: str = "Authorization"  # noqa: S105 - a name
    """Header that carries the token."""
    token_prefix: str = "Bearer "  # noqa: S105 - a word
    """Stands before the token in its header."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers; nothing secret."""
    languages: tuple[str, ...] = ()
    """Languages the service reads, e.g. [en, de]; empty means any."""
    batch_size: int = 10
    """Texts in one request."""
    max_bytes: int = 5000
    """Longer texts are cut to this many bytes of UTF-8."""
    timeout: timedelta = timedelta(seconds=30)
    """Time for one batch, with further tries where the service is busy."""
    max_requests: int = 1000
    """Requests one run may send, further tries included."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: everything that is wrong.
        """
        if problems := list(filter(None, (check(self) for check in _CHECKS))):
            raise ValueError(*problems)


def _address(options: Options) -> str:
    try:
        url: SplitResult = urlsplit(options.url)
        _ = url.port  # reading it is what checks it
    except ValueError as error:
        return f"url is no address: {error}"
    if url.scheme not in {"http", "https"} or not url.hostname:
        return "url must be an https address"
    if url.username or url.password or url.fragment:
        return "url must hold no user name, password or fragment"
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        return "url must use https: over http the texts and the token could be read on the way"
    return ""


def _request(options: Options) -> str:
    try:
        template = Template(options.request)
    except ValueError as error:
        return f"request {error}"
    if options.batch_size != 1 and not template.repeats:
        return "batch_size must be 1: {text} stands in no list of the request, so there is nothing to repeat"
    return ""


def _numbers(options: Options) -> str:
    three = bool(options.negative and options.positive)
    if bool(options.score) == three or (options.score and (options.negative or options.neutral or options.positive)):
        return "either negative and positive (and neutral), or score, must say where the numbers stand"
    if options.score and not (
        math.isfinite(options.lowest) and math.isfinite(options.highest) and options.lowest != options.highest
    ):
        return "lowest and highest must differ"
    return ""


def _paths(options: Options) -> str:
    for name in _PATHS:
        if path := getattr(options, name):
            try:
                jmespath.compile(path)
            except (jmespath.exceptions.JMESPathError, RecursionError):
                return f"{name} is no JMESPath expression"
    return "" if options.results else "results must not be empty; @ is the whole reply"


def _headers(options: Options) -> str:
    names = [*options.headers, options.token_header]
    for name, value in [*options.headers.items(), ("token_prefix", options.token_prefix)]:
        if not (value.isascii() and (value.isprintable() or not value)):
            return f"headers must be plain ASCII; the value of {name[:40]!r} is not"
    if not all(re.fullmatch(_HEADER, name) for name in names):
        return "headers and token_header must be names that HTTP allows"
    return ""


def _limits(options: Options) -> str:
    if options.batch_size < 1 or options.max_requests < 1:
        return "batch_size and max_requests must be at least 1"
    if options.max_bytes < _LEAST_BYTES:
        return f"max_bytes must be at least {_LEAST_BYTES}"
    return "" if options.timeout > timedelta(0) else "timeout must be above 0s"


_CHECKS = (_address, _request, _numbers, _paths, _headers, _limits)
