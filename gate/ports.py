"""What the gate needs from the outside, as small protocols.

Implementations live in ``gate.sources``, ``gate.scorers`` and ``gate.actions``,
one file each; third parties add theirs by entry point. A plug's options are the fields of its
frozen dataclass ``Options``; the class that does the work is named after the kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NewType, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from gate.model import Check, Cost, Fetch, Gone, Intent, Occasion, Request, Score

Secret = NewType("Secret", str)
"""Type of an option that holds a reference, ``${NAME}``, and never the secret itself."""


class Clock(Protocol):
    """Time, injected so that tests and backtests own it."""

    def now(self) -> datetime:
        """Return the current time in UTC."""

    def wait(self, duration: timedelta) -> None:
        """Block for ``duration``.

        Raises:
            Cancelled: the process was told to stop meanwhile.
        """


class HttpContext(Protocol):
    """What the HTTP core needs to know, whatever kind of plug it works for."""

    @property
    def secret(self) -> Callable[[str], str]:
        """Resolve ``${NAME}`` from the environment (or NAME_FILE); raises SourceRefused."""

    @property
    def clock(self) -> Clock:
        """For deadlines."""

    @property
    def public_only(self) -> bool:
        """Whether to connect to public addresses only: the policy came from a caller, see ``gate.http.reaching``."""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What wiring hands to a source beside its options."""

    name: str
    """Unique within the policy, e.g. ``x`` or ``file-2``."""
    release: str
    """Hashtag or phrase; the query of a source that has none of its own."""
    folder: Path
    """Folder of the policy file; relative paths start here."""
    stream: str
    """Only mentions of this stream are wanted, where given."""
    secret: Callable[[str], str]
    """Resolve ``${NAME}`` from the environment (or NAME_FILE); raises SourceRefused."""
    clock: Clock
    window: timedelta | None = None
    """How long the policy listens after a deploy, for ``check``; None where there is no policy."""
    public_only: bool = False
    """Whether to connect to public addresses only: the policy came from a caller, see ``gate.http.reaching``."""


@dataclass(frozen=True, slots=True)
class About:
    """Facts about a channel that users choose by; each source has them as ``ABOUT``. One clause each, for a table."""

    channel: str
    """What is heard there, e.g. ``Mastodon: public posts with a hashtag``."""
    auth: str
    """What must be shown to be let in, and where to get it; ``none`` where nothing."""
    cost: str
    """What a look costs, in requests or money."""
    delay: str
    """How long after it was written a mention may take to arrive."""
    limits: str
    """How often, how much and how far back it may be asked."""
    stored: str
    """What is kept of a mention beyond its id, times and score, and what must be deleted when."""
    terms: str
    """What the channel's terms ask of its users."""


@runtime_checkable
class Source(Protocol):
    """Somewhere users speak."""

    def fetch(self, request: Request) -> Fetch:
        """Return the mentions of the asked period; never raise for a partial answer.

        Raises:
            SourceRefused: polling again cannot help.
            SourceDown: nothing could be had this time.
        """

    def check(self) -> Sequence[Check]:
        """Try the source for real with one cheap call, for ``gate doctor``; never raise."""

    def close(self) -> None:
        """Let go of connections and files."""


@runtime_checkable
class Deletions(Protocol):
    """A source that can tell which posts are no longer there; the method is a source's to have or not."""

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask which of these posts were deleted, hidden or made private since; at most 1,000 ids at a time.

        A post counts as gone only where the platform says so, never because an answer is missing.

        Raises:
            SourceRefused: asking again cannot help.
            SourceDown: nothing could be had this time.
        """


class Ledger(Protocol):
    """Remembers across runs what was spent."""

    def spent(self, account: str, day: date) -> Cost:
        """Return what all runs spent at an account on that day (UTC)."""

    def spend(self, account: str, day: date, cost: Cost) -> None:
        """Add to it.

        Raises:
            StoreFault: it cannot be written down.
        """


@dataclass(frozen=True, slots=True)
class ScorerContext:
    """What wiring hands to a scorer beside its options, if its constructor has room for it.

    Most scorers need nothing of it: ``Scorer(options)``. One that reads files or talks to a service
    is ``Scorer(options, context)``.
    """

    folder: Path
    """Folder of the policy file; relative paths start here."""
    secret: Callable[[str], str]
    """Resolve ``${NAME}`` from the environment (or NAME_FILE); raises SourceRefused."""
    clock: Clock
    public_only: bool = False
    """Whether to connect to public addresses only: the policy came from a caller, see ``gate.http.reaching``."""


@runtime_checkable
class Scorer(Protocol):
    """Reads the mood of texts."""

    def score(self, texts: Sequence[str]) -> Sequence[Score | None]:
        """Score each text, in order; None where there is nothing to read in it."""

    def languages(self) -> frozenset[str]:
        """Primary language tags it reads; empty means any."""


@runtime_checkable
class Explainer(Protocol):
    """A scorer that can say why; the method is a scorer's to have or not."""

    def explain(self, text: str) -> Sequence[tuple[str, float]]:
        """Return the words that moved the score, strongest first; weight < 0 is towards negative, its unit the scorer's."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What wiring hands to an action beside its options."""

    folder: Path
    """Folder of the policy file; relative paths start here."""
    secret: Callable[[str], str]
    """Resolve ``${NAME}`` from the environment (or NAME_FILE); raises SourceRefused."""
    clock: Clock
    within: timedelta = timedelta(seconds=20)
    """So long one attempt may take, however many messages it needs."""
    public_only: bool = False
    """Whether to connect to public addresses only: the policy came from a caller, see ``gate.http.reaching``."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The gate's own environment, for programs that are run."""


@runtime_checkable
class Action(Protocol):
    """Something done about a verdict. It waits for nobody and tries nothing again: whoever runs it does.

    One that may take longer than half a minute says how long, in an attribute ``longest``: meanwhile nobody else does it.
    """

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return what ``run`` would send, for a dry run: nothing is asked or sent, and no secret is needed.

        Raises:
            ActionRefused: it cannot be done about this run.
        """

    def run(self, occasion: Occasion) -> str:
        """Do it, and return one line for the log; if it was tried ``again``, look first whether it is done already.

        Raises:
            GateError: it was not done, or nobody knows; ``permanent`` if trying again cannot help.
            Cancelled: the process was told to stop; whether it was done is not known.
        """

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Checkable(Protocol):
    """An action that can tell beforehand whether it could be done; the method is an action's to have or not."""

    def check(self) -> Sequence[Check]:
        """See whether what it needs is there, for ``gate doctor``; sends nothing, never raises."""
