"""What counts of the mentions of one period, by language, and what is noted of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gate.decide import Decider, Minimum, On, Rules, Share
from gate.filters import Filters
from gate.language import Route, Routes
from gate.model import Coverage, Decision, Dropped, DropReason, Mention, Period, Scored
from gate.reading import Plan, Reader
from tests.language.test_routing import Fixed
from tests.support import DEPLOY, WordScorer, mention, release

MINUTE = timedelta(minutes=1)


def read(
    scorer: object, mentions: list[Mention], period: Period = Period.POST, **plan: object
) -> list[Scored | Dropped]:
    """Read mentions by a scorer or by several."""
    fields: dict[str, object] = {"settle": MINUTE, "every": MINUTE, "filters": Filters(), "emotions": True, **plan}
    reader = Reader(Plan(release=release(), **fields), period, scorer, lambda _source, author: author)  # type: ignore[arg-type]
    return reader.read([(each, None) for each in mentions])


def test_a_detected_language_is_dropped_and_said_to_be_detected() -> None:
    """A mention without a language whose text is clearly German does not reach an English scorer; "lol" does."""
    english = Fixed(0.1, frozenset({"en"}))
    texts = ["ich kann mich nicht mehr anmelden", "lol", "the app is slow and the login fails"]
    german, short, plain = read(english, [mention(i, DEPLOY, text, lang="") for i, text in enumerate(texts)])
    assert isinstance(german, Dropped)
    assert (german.reason, german.detail) == (DropReason.LANGUAGE, "detected de; the scorer does not read it")
    assert isinstance(short, Scored)
    assert isinstance(plain, Scored)
    assert english.asked == [texts[1:]]


def test_the_platforms_word_is_trusted() -> None:
    """A stated language is not second-guessed."""
    kept, gone = read(
        Fixed(0.1, frozenset({"en"})),
        [
            mention(1, DEPLOY, "ich kann mich nicht anmelden", lang="en"),
            mention(2, DEPLOY, "the login fails", lang="de"),
        ],
    )
    assert isinstance(kept, Scored)
    assert isinstance(gone, Dropped)
    assert gone.detail == "the scorer does not read de"


def test_the_policys_languages_hold_for_detected_ones_too() -> None:
    """With ``languages: [en]`` a scorer for all languages does not see a post that is clearly Spanish."""
    spanish, english = read(
        WordScorer(),
        [mention(1, DEPLOY, "no puedo iniciar sesión desde ayer", lang=""), mention(2, DEPLOY, "bad", lang="")],
        filters=Filters(languages=("en",)),
    )
    assert isinstance(spanish, Dropped)
    assert (spanish.reason, spanish.detail) == (DropReason.LANGUAGE, "detected es")
    assert isinstance(english, Scored)


def test_each_mention_goes_to_the_scorer_of_its_language() -> None:
    """With scorers by language each is recorded beside its score; with one there is nothing to record."""
    routes = Routes(
        None, {"en": Route("vader (en)", Fixed(0.1, frozenset({"en"}))), "de": Route("http (de)", Fixed(0.2))}
    )
    by_language = read(
        routes, [mention(i, DEPLOY, f"text {lang}", lang=lang) for i, lang in enumerate(("de", "en", "pt"))]
    )
    assert [(each.scorer, each.score) for each in by_language if isinstance(each, Scored)] == [
        ("http (de)", 0.2),
        ("vader (en)", 0.1),
    ]
    assert isinstance(by_language[2], Dropped)
    (alone,) = read(WordScorer(), [mention(1, DEPLOY)])
    assert isinstance(alone, Scored)
    assert alone.scorer == ""


def test_a_dropped_language_costs_the_author_no_vote() -> None:
    """Who writes in German first and in English then is heard once."""
    first, second = read(
        Fixed(0.1, frozenset({"en"})),
        [mention(1, DEPLOY, "x", lang="de", author="a"), mention(2, DEPLOY, "y", lang="en", author="a")],
    )
    assert isinstance(first, Dropped)
    assert isinstance(second, Scored)


def test_emotions_are_read_after_the_deploy_only() -> None:
    """Reports count them since the deploy; in other languages our English words mean nothing."""
    angry = mention(1, DEPLOY, "I am furious")
    assert [each.emotion for each in read(WordScorer(), [angry]) if isinstance(each, Scored)] == ["anger"]
    for reads in (
        read(WordScorer(), [angry], Period.BASELINE),
        read(WordScorer(), [angry], emotions=False),
        read(WordScorer(), [replace(angry, lang="fr")]),
    ):
        assert [each.emotion for each in reads if isinstance(each, Scored)] == [""]


def test_no_verdict_rests_on_an_emotion() -> None:
    """The same mentions with every emotion blanked, or made up, give the same verdict."""
    mentions = [
        mention(i, DEPLOY + i * MINUTE / 4, "bad, I am furious" if i % 2 else "fine, thanks") for i in range(80)
    ]
    scored = [each for each in read(WordScorer(), mentions) if isinstance(each, Scored)]
    assert {each.emotion for each in scored} >= {"anger", "relief"}
    heard = Coverage("list", required=True, complete=True, reason="", fetched=80, kept=80, dropped={})
    verdicts = []
    for emotion in (None, "", "joy"):
        decider = Decider(
            Rules((Share(),), Minimum(mentions=10, authors=5), On(Decision.HOLD, Decision.HOLD)), release()
        )
        for i in range(40):
            decider.fold_baseline(replace(scored[0], id=f"b{i}", negative=0.3 + i / 400, period=Period.BASELINE))
        for each in scored:
            decider.fold(each if emotion is None else replace(each, emotion=emotion))
        verdicts.append(decider.decide(at=DEPLOY + 30 * MINUTE, closed=True, coverage=(heard,)))
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_without_evidence_no_text_is_hashed_and_all_else_is_as_ever() -> None:
    """A backtest asks for verdicts alone; what they rest on does not change."""
    mentions = [mention(i, DEPLOY, text) for i, text in enumerate(["bad update", "bad update, really", "good"])]
    full, bare = (read(WordScorer(), mentions, evidence=evidence) for evidence in (True, False))
    assert all(each.text_hash for each in full)
    assert [replace(each, text_hash="") for each in full] == bare


def test_those_who_write_often_weigh_the_same_before_and_after_the_deploy() -> None:
    """Two write all the time, others once: of a baseline of many windows' length they are as large a part as of a window."""
    whole = release()
    window = whole.window_to - whole.deployed_at

    def part(period: Period, start: datetime, windows: int) -> float:
        steps = 24 * windows
        written = [
            mention(5 * step + who, start + window * step / 24, f"text {step} {who}", author=author)
            for step in range(steps)
            for who, author in enumerate(("a", "b", *(f"stranger {start} {step} {n}" for n in range(3))))
        ]
        kept = [each for each in read(WordScorer(), written, period, emotions=False) if isinstance(each, Scored)]
        return sum(each.author in {"a", "b"} for each in kept) / len(kept)

    after = part(Period.POST, whole.deployed_at, 1)
    assert after == 2 / 74
    assert part(Period.BASELINE, whole.deployed_at - 10 * window, 10) == after


def test_a_window_that_is_extended_leaves_the_baseline_as_it_was() -> None:
    """How long the window was when the run was ordered says what a stretch is, and which hours are matched."""
    ordered = release(timedelta(hours=1))
    fields: dict[str, object] = {"settle": MINUTE, "every": MINUTE, "filters": Filters(), "window": timedelta(hours=1)}
    for match in (None, timedelta(days=1)):
        plans = [
            Plan(replace(ordered, window_to=DEPLOY + timedelta(hours=hours)), match=match, **fields)  # type: ignore[arg-type]
            for hours in (1, 5)
        ]
        times = [DEPLOY - timedelta(minutes=7 * step) for step in range(600)]
        first, extended = ([(plan.stretch(at), plan.matches(at)) for at in times] for plan in plans)
        assert first == extended
        assert len({stretch for stretch, _ in first}) == (71 if match is None else 4)
