"""The words and phrases that show an emotion, chosen by hand; ``gate.insight.emotion`` reads them.

One table an emotion: strength (3 names the emotion itself, 1 hints at it), then the words, parted
by commas. Lower case, straight apostrophes. A phrase stands once in the whole lexicon.
"""

from __future__ import annotations

LEXICON: dict[str, dict[float, str]] = {
    "anger": {
        3: "furious, outrage, outraged, livid, how dare, 😡, 🤬, 🖕",
        2.5: "😠",
        2: (
            "angry, outrageous, rage, disgusting, disgusted, pathetic, shameful, disgrace, disgraceful, scam, "
            "scammers, thieves, liars, idiots, morons, hate, despise, wtf, fuck, bullshit, unacceptable, "
            "insulting, boycott, rip off, ripoff, fed up, pissed, pissed off, sick of, 👿, 💢"
        ),
        1.5: (
            "shame, theft, criminal, lied, idiot, stupid, hated, fucking, shit, ridiculous, rude, lawsuit, "
            "greedy, never again, 😤"
        ),
        1: "damn, damned, crap, worst, terrible, horrible, awful, garbage, trash",
    },
    "frustration": {
        3: "frustrated, frustrating, frustration",
        2: (
            "annoying, annoyed, annoys, irritating, irritated, ugh, argh, unusable, waste of time, nothing works, "
            "keeps crashing, nightmare, 😩, 😫, 🤦"
        ),
        1.5: (
            "stuck, broken, crashes, crashing, buggy, glitchy, laggy, freezes, useless, on hold, won't load, "
            "won't open, can't log, can't login, logs me out, doesn't work, not working, no longer works, "
            "doesn't load, doesn't open, can't open, can't connect, stopped working, no response, still waiting, "
            "nobody answers, no one answers, hung up, locked out, charged twice, please fix, fix this, 🙄, 😒, 😖, 😣"
        ),
        1.2: "wasted, confusing, fix it, give up",
        1: "crash, glitch, lag, slow, frozen, fails, failing, impossible, delayed, roll back",
        0.8: "keeps, bugs, failed, errors, delay, rolled back",
        0.7: "bug",
        0.6: "error, why is, why does, waiting",
    },
    "sadness": {
        3: "disappointed, disappointing, disappointment, heartbroken, devastated",
        2.5: "sad, sadness, disappoints, letdown, heartbreaking, used to love, 😢, 😞, 😔, 💔, :'(",
        2: (
            "sadly, let down, miss the old, depressed, depressing, hopeless, expected more, expected better, "
            "had high hopes, unhappy, 😥, ☹, 🙁, :(, :-("
        ),
        1.5: "cry, crying, cried, regret, pity, shame that, too bad, was so good, had hoped, upset, 😭",
        1.2: "used to be",
        1: "unfortunately, tears, goodbye",
        0.7: "sorry",
    },
    "joy": {
        3: "delighted, thrilled, made my day",
        2.5: "happy, joy, delightful, yay, woohoo, hooray, 😍, 🥰, 🤩",
        2: (
            "love, loved, loving, excited, amazing, awesome, fantastic, wonderful, superb, can't wait, 😀, 😁, 😃, "
            "😄, 😊, 🎉, ❤, <3"
        ),
        1.8: "excellent, brilliant, perfect, stunning, impressed",
        1.5: (
            "lovely, exciting, beautiful, fun, enjoy, enjoyed, enjoying, gorgeous, so good, well done, good job, "
            "great job, congrats, rocks, :), :d, :-)"
        ),
        1.2: "great, 😎, 💯",
        1: "wow, best, nice, haha, addictive, 😂, 👍, 🔥",
        0.5: "lol",
    },
    "relief": {
        3: "grateful, gratitude, phew, relief, relieved",
        2.5: (
            "thankful, works again, working again, no more crashes, bug is gone, life saver, lifesaver, "
            "finally works, finally fixed, now fixed, is fixed, 😌"
        ),
        2: "thank you, appreciate, appreciated, kudos, at last, back online, worth the wait, 🙏",
        1.8: "solved",
        1.5: ("thanks, thank, glad, resolved, saved my, quick reply, quick response, no problems, no issues, thx, 🙌"),
        1.2: "finally, helpful",
        1: "helped, saved, bless, 😅",
        0.8: "not bad",
        0.7: "fixed",
    },
}
