"""Short judgements of something new, written by this project for its training.

In everyday tweets "new" is good news and a text of two words is seldom a complaint; after a release both are common in
every mood. Here the same few frames hold bad, plain and good words, so that the words decide and not the frames.
"""

from __future__ import annotations

_THINGS = (
    "login", "update", "version", "design", "layout", "app", "menu", "feature", "release", "search", "site", "editor",
    "player", "interface", "dashboard", "icon", "settings page", "checkout", "feed", "keyboard", "build", "patch",
    "home screen", "theme", "camera", "map", "chat", "sync",
)  # fmt: skip

# An adjective meets four frames in turn, so that no frame belongs to a mood.
_FRAMES = (
    "the new {thing} is {word}", "{word}", "new {thing} is {word}", "the {thing} is {word}", "this {thing} is {word}",
    "the new {thing} is so {word}", "the latest {thing} is {word}", "{word} {thing}", "new {thing}: {word}",
    "this new {thing} is {word}", "since the update the {thing} is {word}", "your new {thing} is {word}",
    "{thing} is {word} now", "tried the new {thing}, {word}", "just updated and the {thing} is {word}",
    "{word} new {thing}", "the new {thing} looks {word}", "what a {word} {thing}", "the {thing} update is {word}",
)  # fmt: skip
_FRAMES_EACH = 7

_BAD = (
    "horrible", "terrible", "awful", "bad", "ugly", "useless", "broken", "slow", "buggy", "annoying", "confusing", "worse",
    "garbage", "trash", "dreadful", "unusable", "laggy", "frustrating", "disappointing", "ridiculous", "pointless", "stupid",
    "atrocious", "glitchy", "hideous", "clunky", "messed up", "a mess", "a disaster", "a nightmare", "a joke", "a step back",
    "not good", "not working", "really bad", "so much worse", "absolutely horrible", "pretty awful", "too slow",
    "unreadable", "unstable", "painful", "crap", "rubbish", "the worst", "way too complicated", "worse than before",
)  # fmt: skip

_PLAIN = (
    "ok", "okay", "out", "here", "live", "blue", "different", "in beta", "available", "rolling out", "online", "changed",
    "bigger", "smaller", "like the old one", "so so", "average", "neither good nor bad", "64 MB", "dark", "optional",
    "version 2", "on my phone", "in the store", "free", "in German too", "for tablets", "on the left",
)  # fmt: skip

_GOOD = (
    "great", "good", "awesome", "fantastic", "lovely", "beautiful", "excellent", "fast", "smooth", "clean", "amazing",
    "brilliant", "useful", "perfect", "better", "so much better", "really nice", "nice", "super", "gorgeous", "a joy",
    "a big improvement", "helpful", "stable", "simple and clear", "very good", "cool", "not bad", "superb", "wonderful",
    "much faster", "easy to use", "the best", "better than before", "a delight", "solid",
)  # fmt: skip

# Things that are only named, and words said in passing: nobody praises or complains.
_NAMED = (
    "{thing}", "new {thing}", "the new {thing}", "the {thing}", "a new {thing}", "{thing}?", "which {thing}?",
    "new {thing}?", "got the new {thing}", "there is a new {thing}", "is there a new {thing}", "about the new {thing}",
    "testing the new {thing}", "the new {thing} today", "another {thing}", "installing the new {thing}",
    "have you seen the new {thing}", "using the new {thing} today", "my {thing}", "a question about the new {thing}",
)  # fmt: skip

_SAID = (
    "ok", "okay", "hello", "hi", "yes", "no", "maybe", "sure", "test", "testing", "hm", "hmm", "here", "done", "today",
    "what", "who", "when", "update", "updated", "installed", "downloading", "release notes", "1", "2", "10", "first", "me too",
    "same here", "just now", "ok then", "it is ok", "it's okay", "i see", "on it", "will do", "see above", "no idea", "idk",
    "not sure", "version 2", "nothing to add", "so so", "meh, it's ok",
)  # fmt: skip

_SENTENCES = (
    (0, "I hate the new {thing}"), (0, "hate this {thing}"), (0, "hate the {thing} update"), (0, "bring back the old {thing}"),
    (0, "the old {thing} was better"), (0, "I miss the old {thing}"), (0, "why did you change the {thing}"),
    (0, "the new {thing} sucks"), (0, "new {thing} sucks"), (0, "who thought the new {thing} was a good idea"),
    (0, "the new {thing} does not work"), (0, "the new {thing} doesn't load"), (0, "the new {thing} keeps crashing"),
    (0, "the new {thing} ruined everything"), (0, "can't stand the new {thing}"), (0, "I don't like the new {thing}"),
    (0, "not a fan of the new {thing}"), (0, "give us the old {thing} back"), (0, "the new {thing} makes no sense"),
    (0, "since the update the {thing} crashes"), (0, "since the update the {thing} is gone"), (0, "fix the new {thing}"),
    (0, "what happened to the {thing}"), (0, "what did you do to the {thing}"), (0, "new {thing}, same old bugs"),
    (0, "the new {thing} broke everything"), (0, "since the new {thing} nothing works"), (0, "no {thing} since the update"),
    (2, "I love the new {thing}"), (2, "love this {thing}"), (2, "love the {thing} update"), (2, "glad the old {thing} is gone"),
    (2, "the new {thing} is better than the old one"), (2, "I don't miss the old {thing}"), (2, "thanks for the new {thing}"),
    (2, "the new {thing} rocks"), (2, "well done on the new {thing}"), (2, "the new {thing} works great"),
    (2, "the new {thing} loads in no time"), (2, "the new {thing} never crashes"), (2, "I really like the new {thing}"),
    (2, "big fan of the new {thing}"), (2, "since the update the {thing} works again"), (2, "the {thing} is finally fixed"),
    (2, "nice work on the {thing}"), (2, "no problems with the new {thing}"), (2, "so happy about the new {thing}"),
    (2, "the new {thing} made my day"), (2, "since the update the {thing} is faster"), (2, "enjoying the new {thing}"),
)  # fmt: skip


def _judged(label: int, words: tuple[str, ...]) -> list[tuple[str, int]]:
    posts = []
    for number, word in enumerate(words):
        for turn in range(_FRAMES_EACH):
            frame = _FRAMES[(number * 5 + turn * 3 + label) % len(_FRAMES)]
            thing = _THINGS[(number * 7 + turn * 5 + label) % len(_THINGS)]
            posts.append((_dressed(frame.format(thing=thing, word=word), number + turn), label))
    return posts


def _filled(frames: tuple[tuple[int, str], ...], rounds: int) -> list[tuple[str, int]]:
    return [
        (_dressed(frame.format(thing=_THINGS[(number * 7 + turn * 5 + label) % len(_THINGS)]), number + turn), label)
        for number, (label, frame) in enumerate(frames)
        for turn in range(rounds)
    ]


def _dressed(text: str, turn: int) -> str:
    ending = "" if text.endswith("?") else ("", ".", "", "!", "")[turn % 5]
    return (text[0].upper() + text[1:] if turn % 2 else text) + ending


def judgement_posts(rounds: int = 6) -> list[tuple[str, int]]:
    """(text, label number) of every word and phrase in a few frames."""
    posts = [post for label, words in enumerate((_BAD, _PLAIN, _GOOD)) for post in _judged(label, words)]
    named, said = (tuple((1, text) for text in texts) for texts in (_NAMED, _SAID))
    return posts + _filled(named, rounds) + _filled(said, 2) + _filled(_SENTENCES, rounds)
