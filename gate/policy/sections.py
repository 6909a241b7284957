"""What a valid policy says, section by section; frozen, and able to write itself down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gate.decide import RULES, Minimum, On, Rule, Rules, Share
from gate.filters import Filters
from gate.policy.values import format_duration, plain, plain_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.specs import SourceSpec
    from gate.policy.watch import Watch

DEFAULT_SCORER = "blend"
LONGEST = timedelta(days=30)
SHORTEST_STEP = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Window:
    """The ``window`` section: how long and how often the gate looks after a deploy."""

    settle: timedelta = timedelta(minutes=5)
    """Wait this long after the deploy before the first look: posts of the first minutes are about the old release."""
    length: timedelta = timedelta(minutes=45)
    """The window closes this long after the deploy, settle included."""
    every: timedelta = timedelta(seconds=60)
    """Time between two looks."""
    promote_early: bool = False
    """Whether the window may close early once harm is ruled out."""

    def __post_init__(self) -> None:
        """Refuse windows in which nothing could be seen."""
        wrong = []
        if self.length <= timedelta(0):
            wrong.append("length must be longer than nothing, e.g. 45m")
        elif self.length > LONGEST:
            wrong.append(f"length must be at most {format_duration(LONGEST)}")
        elif self.settle >= self.length:
            wrong.append(f"settle must be shorter than the length of the window, {format_duration(self.length)}")
        if self.every < SHORTEST_STEP:
            wrong.append(
                f"every must be at least {format_duration(SHORTEST_STEP)}: sources limit how often they are asked"
            )
        elif timedelta(0) < self.length < self.every:
            wrong.append(f"every must not be longer than the length of the window, {format_duration(self.length)}")
        if wrong:
            raise ValueError(*wrong)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The ``baseline`` section: what the mentions after the deploy are compared with."""

    length: timedelta = timedelta(days=7)
    """The baseline ends at the deploy and begins this long before."""
    match: Literal["none", "hour-of-day", "hour-of-week"] = "none"
    """Compare only with the same hours of the day or of the week."""
    file: str | None = None
    """Mentions (JSON Lines) to take instead of asking the sources; relative to the policy."""
    release: datetime | None = None
    """When an earlier release was deployed: the baseline is then ``length`` from that time on, never past this deploy."""

    def span(self, deployed_at: datetime) -> tuple[datetime, datetime]:
        """Return the beginning and the end of the baseline of a release deployed then.

        Raises:
            ValueError: the earlier release is not earlier.
            OverflowError: it begins before the year 1.
        """
        if self.release is None:
            return deployed_at - self.length, deployed_at
        if self.release >= deployed_at:
            message = f"baseline.release, {self.release.isoformat()}, is not before the deploy"
            raise ValueError(message)
        return self.release, min(self.release + self.length, deployed_at)

    @property
    def cycle(self) -> timedelta | None:
        """After how long the hours come again that are compared with; None where all are."""
        return {"none": None, "hour-of-day": timedelta(days=1), "hour-of-week": timedelta(days=7)}[self.match]

    def __post_init__(self) -> None:
        """Refuse a baseline that cannot hold what it is matched with."""
        needed = self.cycle or timedelta(0)
        if self.length <= timedelta(0):
            message = "length must be longer than nothing, e.g. 7d"
            raise ValueError(message)
        if self.length < needed:
            message = f"length must be at least {format_duration(needed)} to match by {self.match}"
            raise ValueError(message)
        if self.release and self.match != "none":
            message = f"match by {self.match} cannot hold for the hours after an earlier release; write match: none"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """The ``scorer``."""

    type: str
    options: Any
    """Instance of the plug's ``Options``, or a ``ByLanguage``."""

    def __str__(self) -> str:
        """``vader``, or ``by-language (en: vader, de: http, default: http)``."""
        if not isinstance(self.options, ByLanguage):
            return self.type
        named = [f"{tag}: {spec.type}" for tag, spec in self.options.languages.items()]
        return f"{self.type} ({', '.join([*named, *([f'default: {self.options.default.type}'] if self.options.default else [])])})"


BY_LANGUAGE = "by-language"
"""Type of a scorer that is several."""


@dataclass(frozen=True, slots=True)
class ByLanguage:
    """Options of the scorer ``by-language``: another scorer for each language."""

    languages: Mapping[str, ScorerSpec]
    """Primary language tag to the scorer that reads it. The first also reads what nobody can tell the language of."""
    default: ScorerSpec | None = None
    """Reads all other languages, and texts whose language nobody can tell; without it, other languages are dropped."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One of the ``actions``."""

    type: str
    options: Any
    """Instance of the plug's ``Options``."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line or the CI system says over the file; None leaves the file's word."""

    release: str | None = None
    length: str | None = None
    """Of the window, as a user writes it: ``45m``."""
    baseline: str | None = None
    """How far the baseline reaches back."""
    scorer: str | None = None
    dry_run: bool | None = None
    keep_text: bool | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A valid gate.yml, defaults filled in."""

    on: On
    sources: tuple[SourceSpec, ...]
    scorer: ScorerSpec
    control: tuple[SourceSpec, ...] = ()
    """Where others are heard on something else, so that a mood of everybody's is not put down to the release."""
    version: int = 1
    release: str = ""
    """Hashtag or phrase; empty where every source has its own query or needs none."""
    window: Window = field(default_factory=Window)
    baseline: Baseline = field(default_factory=Baseline)
    filters: Filters = field(default_factory=Filters)
    rules: tuple[Rule, ...] = (Share(),)
    minimum: Minimum = field(default_factory=Minimum)
    actions: Mapping[str, tuple[ActionSpec, ...]] = field(default_factory=dict)
    """By outcome, or ``any``; in the order they are to be done."""
    dry_run: bool = False
    """Record the true outcome, and always promote."""
    keep_text: bool = False
    """Whether evidence may hold the text of mentions."""
    watch: Watch | None = None
    """How a service listens between releases; None for not at all."""
    path: str = field(default="gate.yml", compare=False)
    """Of the file, as the user gave it."""
    text: str = field(default="", compare=False, repr=False)
    """The file as written."""

    @property
    def folder(self) -> Path:
        """Where the file lies: relative paths in it start here."""
        return Path(self.path).resolve().parent

    def decision_rules(self) -> Rules:
        """Return what the decision core needs of it."""
        early = self.window.promote_early
        match = self.baseline.cycle
        return Rules(self.rules, self.minimum, self.on, dry_run=self.dry_run, promote_early=early, match=match)

    def to_plain(self) -> dict[str, object]:
        """Return the effective policy as JSON can hold it, every default written out.

        It reads back as the same policy. Secrets are references here as everywhere.
        """
        rule_names = {cls: name for name, cls in RULES.items()}
        return {
            "version": self.version,
            "release": self.release,
            "sources": [spec.to_plain() for spec in self.sources],
            "control": [
                {name: value for name, value in spec.to_plain().items() if name != "required"} for spec in self.control
            ],
            "window": plain(self.window),
            "baseline": plain(self.baseline),
            "filters": plain(self.filters),
            "scorer": plain_scorer(self.scorer),
            "rules": [{"type": rule_names[type(rule)], **plain_fields(rule)} for rule in self.rules],
            "minimum": plain(self.minimum),
            "on": plain(self.on),
            "actions": {
                outcome: [{"type": spec.type, **plain_fields(spec.options)} for spec in specs]
                for outcome, specs in self.actions.items()
            },
            "dry_run": self.dry_run,
            "keep_text": self.keep_text,
            # Only where there is one, so that the digest of other policies stays what it was.
            **({"watch": plain(self.watch)} if self.watch else {}),
        }


def plain_scorer(spec: ScorerSpec) -> dict[str, object]:
    """Return a scorer as JSON can hold it, by language or not."""
    if not isinstance(spec.options, ByLanguage):
        return {"type": spec.type, **plain_fields(spec.options)}
    languages = {tag: plain_scorer(inner) for tag, inner in spec.options.languages.items()}
    default = {"default": plain_scorer(spec.options.default)} if spec.options.default else {}
    return {"type": spec.type, "languages": languages, **default}
