"""Runs of an invented product, made by the real engine from invented posts: for screenshots and for tests of the page.

Nobody wrote any of this. Posts are put together from phrases below, so that the same seed gives the same posts.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate import wiring, wiring_scorers
from gate.decide import Decider
from gate.engine import Parts, Watch
from gate.listening import Listener
from gate.model import Cost, Fetch, Mention
from gate.policy import Overrides, load_text
from gate.runs import Order, Runs
from gate.runs.watching import Vigil, Watching

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.model import Check, Release, Request
    from gate.policy import Policy
    from gate.runs.journal import Journal
    from gate.store import Assignment, Store

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
POLICY = """\
version: 1
release: Brimly
sources: [{type: file, name: mastodon, path: unused.jsonl}, {type: file, name: reviews, path: unused.jsonl, required: false}]
window: {settle: 2m, length: 45m, every: 60s}
baseline: {length: 2d, match: none}
filters: {near_duplicates: keep}
rules:
  - {type: share, alpha: 0.01, tolerate: 0.02}
  - {type: keyword, any: [data loss, charged twice], authors: 3}
on: {inconclusive: hold, error: hold}
keep_text: true
"""
QUIETLY = POLICY.replace("keep_text: true", "keep_text: false")

REVIEWS, ANGRY, PRAISE = 0.25, 0.3, 0.7
"""Parts: of posts that are reviews, of complaints that are angry in calm times, of other posts that praise."""

_OPENINGS = (
    "",
    "So, ",
    "Honestly, ",
    "Day two: ",
    "On my tablet ",
    "For the record, ",
    "Update: ",
    "At work ",
    "My aunt says ",
    "PSA: ",
)
_GOOD = (
    "Brimly just works, and it got faster", "the new Brimly list view is lovely", "Brimly keeps our shopping list in sync, great",
    "I really like the new Brimly icons", "Brimly saved dinner again, thank you", "the Brimly team fixed my bug within a day, impressed",
    "sharing a Brimly list with the family is so easy now", "no complaints about Brimly, solid as ever", "happy with Brimly Plus so far",
)  # fmt: skip
_PLAIN = (
    "does Brimly have a widget for the lock screen", "looking for the Brimly recipe export", "Brimly 4.2 is rolling out here too",
    "which of you use Brimly with a smart scale", "Brimly shows the pantry on the watch now", "moved my lists over to Brimly",
)  # fmt: skip
_BAD = (
    "Brimly crashes as soon as I log in, useless", "since the update Brimly lost my whole list, I am furious",
    "Brimly logs me out every two minutes, terrible update", "can't open Brimly at all any more, it just freezes",
    "the new Brimly is broken, sync fails with an error every time", "awful: Brimly deleted our shared list and support is silent",
    "Brimly keeps crashing at checkout, what a mess", "worst Brimly update so far, login fails, want my old version back",
)  # fmt: skip
_GRUMBLES = (
    "Brimly is a bit slow today, annoying",
    "not a fan of the Brimly price increase",
    "Brimly ads are getting irritating",
)
_ENDINGS = ("", "!", " anyone else?", " (4.2)", " on a Pixel", " on iOS", ", sigh", " today", " #brimly", " …")
HOSTILE = (
    '<script>alert("x")</script> Brimly crashes at login, broken and useless',
    "Brimly is broken \N{RIGHT-TO-LEFT OVERRIDE}ssap teg lliw ti\N{POP DIRECTIONAL FORMATTING} and it crashes, awful",
)
"""Posts that mean to act on whoever shows them."""


@dataclass
class Clock:
    """Time that moves when told to."""

    time: datetime = START

    def now(self) -> datetime:
        """Return it."""
        return self.time

    def wait(self, duration: timedelta) -> None:
        """Move on at once."""
        self.time += max(duration, timedelta(0))


@dataclass(frozen=True)
class Posts:
    """How much is written, and of what kind."""

    before: int = 160
    after: int = 110
    bad_before: float = 0.16
    bad_after: float = 0.16
    begins: float = 0.15
    """Part of the window after which the mood turns."""
    hostile: bool = False
    silent: str = ""
    """Why the second source does not answer; empty if it does."""


@dataclass
class Spoken:
    """A source that delivers what was written by then."""

    mentions: list[Mention] = field(default_factory=list)
    trouble: str = ""

    def fetch(self, request: Request) -> Fetch:
        """Return the new ones of the period."""
        start = int(request.cursor or 0)
        numbered = [(number, each) for number, each in enumerate(self.mentions, 1) if number > start]
        found = [(number, each) for number, each in numbered if request.since <= each.created_at < request.until]
        cursor = str(found[-1][0]) if found else request.cursor
        cost = Cost(1, len(found), round(len(found) * 0.005, 3))
        mentions = tuple(each for _, each in found)
        return Fetch(mentions, cursor, complete=not self.trouble, reason=self.trouble, cost=cost)

    def check(self) -> Sequence[Check]:
        """Nothing to check."""
        return []

    def close(self) -> None:
        """Nothing to close."""


class Stage:
    """Starts runs and makes their looks, one after the other."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Begin with nothing written."""
        self.store = store
        self.clock = clock
        self.runs = Runs(store, self._plan)
        self._watching = Watching(store, clock, self._open)
        self._posts: dict[datetime, dict[str, Spoken]] = {}

    def start(
        self, posts: Posts, *, repository: str = "", seed: int = 1, policy: str = POLICY, release: str = "Brimly 4.2"
    ) -> str:
        """Begin a run of a release that is deployed now."""
        self._posts[self.clock.now()] = written(posts, self.clock.now(), seed)
        labels = {"repository": repository, "environment": "production"} if repository else {}
        order = Order(policy, self.clock.now(), release=release, labels=labels, by="pipeline")
        return self.runs.start(order)

    def watch(self, run_id: str, looks: int | None = None) -> None:
        """Make so many looks, or all until the verdict; 1 is the baseline."""
        made = 0
        while (looks is None or made < looks) and (next_at := self._watching.look(run_id)):
            self.clock.time = max(self.clock.time, next_at)
            made += 1

    def close(self) -> None:
        """Let go of every run."""
        self._watching.close()

    def _plan(self, order: Order) -> tuple[Policy, Release, Mapping[str, str]]:
        policy = load_text(order.policy, overrides=Overrides(release=order.release))
        return policy, wiring.release_of(policy, order.deployed_at, self.clock.now()), {"scorer": str(policy.scorer)}

    @contextmanager
    def _open(self, job: Assignment, journal: Journal) -> Iterator[Vigil]:
        policy = load_text(wiring.readable_policy(job.policy))
        release = wiring.release_of(policy, job.deployed_at, job.deployed_at)
        release = replace(release, window_to=job.window_to)
        spoken = self._posts[job.deployed_at]
        parts = Parts(
            listeners=[
                Listener(spec.name, spec.required, journal.source(number, spoken[spec.name]))
                for number, spec in enumerate(policy.sources)
            ],
            baseline_listeners=None,
            scorer=wiring_scorers.build_routes(policy.scorer).wrapped(journal.scorer),
            decider=Decider(policy.decision_rules(), release, wiring_scorers.densities_of(policy.scorer.type)),
            clock=journal,
            hash_author=lambda _, author: author,
        )
        yield Vigil(Watch(wiring.plan_of(policy, release), parts), release.deployed_at + policy.window.settle)


def written(posts: Posts, deployed_at: datetime, seed: int) -> dict[str, Spoken]:
    """Return what each source has to say about a release."""
    chance = random.Random(seed)  # noqa: S311 - the same posts each time
    window = timedelta(minutes=45)
    times = [(deployed_at - timedelta(days=2) * chance.random(), posts.bad_before) for _ in range(posts.before)]
    for _ in range(posts.after):
        part = chance.random()
        times.append((deployed_at + window * part, posts.bad_after if part > posts.begins else posts.bad_before))
    spoken = {"mastodon": Spoken(), "reviews": Spoken(trouble=posts.silent)}
    for number, (at, bad) in enumerate(sorted(times)):
        name = "reviews" if chance.random() < REVIEWS and not posts.silent else "mastodon"
        spoken[name].mentions.append(_post(name, f"{seed}-{number}", at, _text(chance, bad)))
    if posts.hostile:
        for number, text in enumerate(HOSTILE):
            at = deployed_at + timedelta(minutes=9 + 3 * number)
            spoken["mastodon"].mentions.append(_post("mastodon", f"{seed}-h{number}", at, text))
        spoken["mastodon"].mentions.sort(key=lambda each: each.created_at)
    return spoken


def _post(source: str, key: str, at: datetime, text: str) -> Mention:
    return Mention(id=key, created_at=at.replace(microsecond=0), text=text, source=source, author=f"author-{key}", lang="en",
                   url=f"https://posts.example/{key}")  # fmt: skip


def _text(chance: random.Random, bad: float) -> str:
    if chance.random() < bad:
        said = chance.choice(_BAD if bad > ANGRY or chance.random() < ANGRY else _GRUMBLES)
    else:
        said = chance.choice(_GOOD if chance.random() < PRAISE else _PLAIN)
    return chance.choice(_OPENINGS) + said + chance.choice(_ENDINGS)
