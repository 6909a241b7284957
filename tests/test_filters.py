"""Who gets a vote."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from gate.filters import Filters, PhraseFinder, Sieve
from gate.model import DropReason, Mention
from tests.support import DEPLOY, mention

LONG = "since the update my playlists are gone and support does not answer"


def reasons(filters: Filters, *mentions: Mention) -> list[DropReason | None]:
    """Judge mentions in order."""
    sieve = Sieve(filters)
    return [found[0] if (found := sieve.judge(each)) else None for each in mentions]


def test_one_vote_per_author() -> None:
    """Only the first mention of an author counts; unknown authors are not one person."""
    ranting = [mention(i, DEPLOY, f"text {i}", author="same") for i in range(3)]
    assert reasons(Filters(), *ranting) == [None, DropReason.AUTHOR_VOTED, DropReason.AUTHOR_VOTED]
    unknown = [mention(i, DEPLOY, f"text {i}", author="") for i in range(3)]
    assert reasons(Filters(), *unknown) == [None, None, None]


def test_nobody_alone_makes_a_baseline() -> None:
    """Whoever writes in each of 200 stretches, beside one other person in each, has a twentieth of the votes, and no more."""
    sieve = Sieve(Filters())
    kept = []
    for number in range(400):
        author = f"once {number}" if number % 2 else "busy"
        written = mention(number, DEPLOY, f"text {number}", author=author)
        kept += [] if sieve.judge(written, number // 2) else [author]
    assert len(kept) - kept.count("busy") == 200
    assert 9 <= kept.count("busy") <= 11


def test_one_vote_per_conversation() -> None:
    """A thread counts once."""
    thread = [mention(i, DEPLOY, f"text {i}", conversation="t") for i in range(2)]
    assert reasons(Filters(), *thread) == [None, DropReason.CONVERSATION_COUNTED]


def test_copies_collapse_and_short_repeats_are_votes() -> None:
    """A text spread with another link and case is one; "good" by two people is two."""
    copies = [mention(1, DEPLOY, LONG), mention(2, DEPLOY, LONG.upper() + "!!! https://spam.example @you")]
    assert reasons(Filters(), *copies) == [None, DropReason.NEAR_DUPLICATE]
    assert reasons(Filters(near_duplicates="keep"), *copies) == [None, None]
    assert reasons(Filters(), mention(1, DEPLOY, "good"), mention(2, DEPLOY, "good")) == [None, None]


def test_copies_sent_to_different_people_are_one() -> None:
    """Handles, hashtags and links do not tell copies apart, wherever in the text they stand."""
    sent = [mention(i, DEPLOY, f"hey @user{i} {LONG} #tag{i} see https://e.example/{i}") for i in range(3)]
    assert reasons(Filters(), *sent) == [None, DropReason.NEAR_DUPLICATE, DropReason.NEAR_DUPLICATE]
    bare = f"hey {LONG} see"
    assert reasons(Filters(), mention(9, DEPLOY, bare), sent[0])[1] is DropReason.NEAR_DUPLICATE


def test_a_campaign_is_one_voice_while_it_lasts_and_chance_is_no_campaign() -> None:
    """Copies every ten minutes stay collapsed; the same words two hours later are another vote."""
    step = timedelta(minutes=10)
    spread = [mention(i, DEPLOY + i * step, LONG) for i in range(6)]
    assert reasons(Filters(), *spread) == [None] + [DropReason.NEAR_DUPLICATE] * 5
    assert reasons(Filters(), mention(1, DEPLOY, LONG), mention(2, DEPLOY + 12 * step, LONG)) == [None, None]


TEMPLATES = (
    "Since the latest {what} my {thing} keeps {fault} every morning and support has never answered me, so think twice {tail}",
    "{tail} hey the new brimly {what} is a {thing} do not download it before they fix what is {fault} we deserve better",
)
FILLINGS = {
    "what": ("update", "version", "release", "patch", "build", "upgrade", "rollout"),
    "thing": ("phone", "app", "laptop", "screen", "tablet", "account", "device", "playlist", "watch", "joke"),
    "fault": ("crashing", "freezing", "hanging", "failing", "dying", "restarting"),
    "tail": ("@sam", "#fail", "https://t.example/x1", "!!!", "lol", ":(", "@kim #sad", ""),
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_thousand_fillings_of_a_template_are_few_votes(template: str) -> None:
    """Exchanged words, case, commas and slips of the pen, each by an author of its own."""
    chance = random.Random(1)
    spam = []
    for i in range(1000):
        text = template.format(**{slot: chance.choice(words) for slot, words in FILLINGS.items()})
        text = text.upper() if chance.random() < 0.3 else text
        text = text.replace(",", "").replace(" the ", " teh ", 1) if chance.random() < 0.3 else text
        spam.append(mention(i, DEPLOY, text))
    assert reasons(Filters(), *spam).count(None) <= 30


def test_honest_repeats_are_votes() -> None:
    """What a hundred people say each in a few words are a hundred votes, and like complaints are each their own."""
    short = [mention(i, DEPLOY, text) for i, text in enumerate(["good", "gg", "same here", "love it so much"] * 25)]
    assert reasons(Filters(), *short).count(None) == 100
    alike = [
        "the app keeps crashing since the update",
        "the app keeps freezing since the update on my phone",
        "since the update the app crashes whenever I open a playlist, and I lost everything I had saved there",
        "since the update the app takes a minute to open, and the search finds nothing of what I had saved there",
    ]
    assert reasons(Filters(), *[mention(i, DEPLOY, text) for i, text in enumerate(alike)]).count(None) == 4


@pytest.mark.parametrize(
    ("filters", "fields", "reason"),
    [
        (Filters(languages=("en",)), {"lang": "de"}, DropReason.LANGUAGE),
        (Filters(languages=("en",)), {"lang": "en-GB"}, None),
        (Filters(languages=("en",)), {"lang": ""}, None),
        (Filters(min_account_age=timedelta(days=7)), {"author_created_at": DEPLOY}, DropReason.ACCOUNT_AGE),
        (Filters(min_account_age=timedelta(days=7)), {"author_created_at": None}, None),
        (Filters(drop=("Fine",)), {}, DropReason.BLOCKED_WORD),
        (Filters(drop=("fin",)), {}, None),
        (Filters(require=("brimly",)), {}, DropReason.REQUIRED_WORD),
        (Filters(), {"labels": {"kind": "repost"}}, DropReason.REPOST),
        (Filters(reposts="keep"), {"labels": {"kind": "repost"}}, None),
    ],
)
def test_content(filters: Filters, fields: dict[str, object], reason: DropReason | None) -> None:
    """Each filter drops with its own reason; what is not known is no reason to drop."""
    assert reasons(filters, mention(1, DEPLOY, "fine", **fields)) == [reason]


def test_the_same_id_twice_is_one_mention() -> None:
    """A mention delivered by two polls counts once."""
    assert reasons(Filters(), mention(1, DEPLOY), mention(1, DEPLOY)) == [None, DropReason.DUPLICATE]


def test_phrases_are_whole_words_whatever_case_and_spacing() -> None:
    """Overlapping phrases are all found, and part of a word is not a word."""
    finder = PhraseFinder(["data loss", "loss of money", "Charged twice"])
    assert finder.find("DATA\n LOSS of money") == ("data loss", "loss of money")
    assert finder.find("metadata losses, recharged twice over") == ()
