"""Invented posts about releases, written by this project for its own training.

The things spoken of (app, update, checkout ...) are the same for every mood, so that the model
learns what is said of them and not the nouns. Which thing meets which phrase is a fixed cycle.
"""

from __future__ import annotations

SOURCE = "invented"

_THINGS = (
    "the app", "the new version", "the update", "the latest build", "version 4.2", "checkout",
    "login", "the new release", "playback", "search", "sync", "the dashboard", "the website",
    "the mobile app", "the beta", "the patch", "v3.1.0", "the payment page", "the api", "the game",
)  # fmt: skip

_NEGATIVE = (
    "{} crashes every time I open it", "{} keeps crashing since the update", "{} won't load",
    "{} is broken again", "can't log in after {}", "{} is stuck on a blank screen",
    "{} logs me out every five minutes", "since the update {} is unusable", "{} drains my battery",
    "{} is so slow now", "please roll back {}", "I want a refund, {} does not work",
    "{} deleted all my data", "{} lost my saved progress", "getting error 500 from {}",
    "{} freezes on start", "whoever approved {} should be ashamed", "{} is down again",
    "why did you ruin {}?", "{} was fine yesterday, now nothing works", "bring back the old design, {} is ugly",
    "{} charged me twice", "uninstalled. {} is full of ads now", "stuck in a boot loop after {}",
    "{} times out constantly", "yet another regression in {}", "{} worked until today",
    "great, {} broke my workflow again", "love how {} just eats my battery, fantastic job",
    "thanks for nothing, {} is worse than before", "nice one, {} is down on a Monday morning",
    "{} has more bugs than features", "support ignores my tickets about {}", "{} still not fixed",
    "it has been three days and {} still fails", "cancelled my subscription because of {}",
    "1 star until {} is fixed", "{} ate my files", "not happy with {}", "{} is a step backwards",
    "memory leak in {}, had to reboot twice", "{} no longer opens on my phone", "rolled back {} on all our servers",
    "{} makes my phone hot and laggy", "do not install {}", "{} is a disaster", "what a mess {} is",
    "the button in {} does nothing", "{} 😡", "{} 🤬 fix it", "lost an hour of work thanks to {}",
)  # fmt: skip

_NEUTRAL = (
    "{} is out", "{} will be released on Tuesday", "how do I install {}?", "does {} run on Linux?",
    "where can I find the changelog of {}?", "{} is available in the store", "just installed {}",
    "maintenance for {} is planned for 3 am", "is anyone else using {}?", "what changed in {}?",
    "reading the release notes of {}", "downloading {} now", "{} requires 2 GB of space",
    "{} moved the settings to the side menu", "which version has {}?", "we are testing {} this week",
    "talk about {} at 5 pm in room two", "{} supports dark mode and three new languages",
    "I have a question about {}", "updated to {} this morning", "{} and its documentation, a thread",
    "the team announced {}", "{} rolls out to 10% of users today", "when is {} coming to Europe?",
    "comparing {} with the previous one", "{} has a new icon", "how long does {} take to finish?",
    "see the migration guide for {}", "{} fixes issue 1234", "added a test for {}", "merged {} into main",
)  # fmt: skip

_POSITIVE = (
    "{} is so much faster now", "finally fixed, {} works again", "loving {}", "{} just works",
    "no more crashes since {}", "great job on {}", "{} solved my problem, thank you",
    "the bug in {} is gone", "{} is smooth and stable", "thanks for fixing {} so quickly",
    "{} runs perfectly on my old phone", "five stars for {}", "battery lasts longer since {}",
    "impressed with {}", "{} is a huge improvement", "best release so far, {} is solid",
    "{} is not bad at all", "can't complain about {}", "zero problems with {}", "works like a charm, {} rocks",
    "upgrade went without a hitch, {} is up", "support fixed {} in an hour, kudos", "so happy with {}",
    "{} never crashed once", "{} looks gorgeous", "the new design of {} is lovely", "{} is back up, thanks",
    "dark mode in {} at last, thank you", "{} ❤️", "{} 👍 well done", "{} made my day", "worth the wait, {} is great",
    "love that {} opens instantly", "{} is exactly what I needed", "shout out to the team behind {}",
)  # fmt: skip


# What people write to a company's account. The moods share the nouns here too.
_SERVICE_NEGATIVE = (
    "on hold for {} hours and nobody answers", "my flight was delayed again, {} hours now",
    "cancelled my flight and nobody told me", "you lost my bag {} days ago and still no word",
    "the agent at gate {} was rude and no help at all", "stuck on the tarmac for {} hours",
    "missed my connection because of your delay", "still waiting for a reply after {} days",
    "your website is down and the phone line hangs up on me", "no explanation, no apology, no refund",
    "how can you run out of seats on a flight I booked {} weeks ago?", "worst airline ever, never again",
    "your customer service is a joke", "another delay, really?", "sitting here for {} hours with no update",
    "you charged me twice and won't give it back", "why is nobody at the counter?",
    "I have been trying to reach you for {} days", "system is down so we all wait, unacceptable",
    "flight {} cancelled, no hotel, no food, no staff", "bags did not make it, ruined our holiday",
    "your app will not let me check in", "been transferred {} times and then disconnected",
    "get it together", "this is ridiculous, {} hours late", "how hard is it to answer the phone?",
    "broken seat, dirty plane, no wifi for {} hours", "I will never fly with you again",
    "you just lost a customer", "seriously? delayed again because there is no crew",
    "now we wait for a gate, then for a pilot, then for fuel", "what a way to treat loyal customers",
    "nobody knows what is going on at gate {}", "can't rebook online and can't get through by phone",
    "you owe me a refund since {} months", "overbooked and kicked my family off", "fail",
    "order {} never arrived and support keeps closing my ticket", "paid for a seat I did not get",
    "forced to check my bag and then you lost it", "thanks for making me miss my meeting",
    "thanks for the {} hour delay, great start to the day", "so much for on time", "not cool",
    "rebooked me for two days later, that does not help", "do better",
)  # fmt: skip

_SERVICE_NEUTRAL = (
    "is flight {} on time?", "what time does the counter at gate {} open?", "I sent you a DM",
    "can I bring a second bag on flight {}?", "how do I change the name on my ticket?",
    "do you fly to Denver on Sunday?", "what is the phone number for group bookings?",
    "can you follow me so I can DM you?", "is there wifi on flight {}?", "I need to change my seat",
    "which terminal does flight {} leave from?", "ok, will do", "it was order {}", "we are at gate {}",
    "does my pass work for {} people?", "what is the baggage limit?", "on my way to gate {}",
    "do I get miles for this flight?", "any deals for next week?", "how do I check in online?",
    "flight {} from Boston to Dallas", "my confirmation number is {}", "when do you start the new route?",
)  # fmt: skip

_SERVICE_POSITIVE = (
    "thank you for the quick reply", "the agent at gate {} was wonderful", "got my bag back, thanks",
    "great crew on flight {} today", "on time and smooth, well done", "you rock, thanks for the upgrade",
    "thanks, that helped", "best airline, always a pleasure", "early landing, love it",
    "refund arrived in {} days, very happy", "no delay at all, amazing", "your team saved my trip",
    "answered in {} minutes, excellent service", "thanks for getting us home safe", "awesome, thank you",
    "comfortable seats and kind staff on flight {}", "you fixed it, much appreciated", "so impressed with you",
)  # fmt: skip

_REVIEW_NEGATIVE = (
    "worst app ever", "bad app", "waste of money", "waste of time", "useless", "very bad", "not working",
    "does not open", "please fix it", "too many ads", "fake app", "don't download", "worst", "pathetic",
    "keeps buffering", "not able to log in", "always showing error", "full of bugs", "very slow",
    "money deducted but no subscription", "unable to play any video", "crashes a lot", "horrible quality",
    "nothing works", "cheaters", "scam", "third class app", "asks for payment for everything", "no sound",
    "video stops every minute", "otp not received", "poor quality", "boring", "unplayable", "refunded",
    "0 stars if I could", "disappointed", "was good before the update", "it takes forever to load",
    "needs a lot of improvement", "hate it", "stupid update", "not good", "not worth it", "lag lag lag",
)  # fmt: skip

_REVIEW_POSITIVE = (
    "good app", "nice", "very nice app", "best app", "super", "excellent", "love it", "good", "awesome",
    "ok good", "great", "wow", "fantastic app", "i like it", "very good", "amazing quality", "fun",
    "no ads, nice", "works fine", "no lag at all", "perfect", "must have", "useful app", "best ever",
    "good game", "superb", "easy to use", "cool", "thank you", "5 stars", "great update", "well made",
    "fast and simple", "never crashes", "worth it", "loved it", "nice update", "it's good", "not bad",
)  # fmt: skip

# Developers among themselves: most of it is plain work.
_WORK = (
    ("please review the attached patch", 1), ("committed to trunk and to branch {}", 1),
    ("this method returns null when the list is empty", 1), ("updated the patch with the comments", 1),
    ("you can pass {} as the second argument", 1), ("see the javadoc of this class", 1),
    ("I will take a look at this tomorrow", 1), ("moved the check into the constructor", 1),
    ("this is a duplicate of issue {}", 1), ("use the builder to set the timeout to {}", 1),
    ("which version of the library do you use?", 1), ("the parser reads the file line by line", 1),
    ("added {} unit tests", 1), ("this should be configurable", 1), ("the config lives in /etc", 1),
    ("we could also keep the old name", 1), ("closing, fixed by change {}", 1), ("rebased on main", 1),
    ("this API is a nightmare to use", 0), ("the build is broken again after change {}", 0),
    ("this is an ugly hack and I don't like it", 0), ("sorry, my mistake, I broke the build", 0),
    ("the library is painfully slow and leaks memory", 0), ("oops, that was stupid of me", 0),
    ("no idea why this terrible code was merged", 0), ("the docs are wrong and misleading", 0),
    ("great work, looks good to me", 2), ("thanks for the review", 2), ("nice catch, thank you", 2),
    ("this library is easy to use and fast", 2), ("the new API is much cleaner, love it", 2),
    ("patch looks good, +1", 2), ("works perfectly, I recommend it", 2), ("good point, thanks", 2),
)  # fmt: skip

_OPENINGS = ("@acme ", "", "@acme @acmehelp ", "hey @acme, ", "@acme ")


def _releases(rounds: int) -> list[tuple[str, int]]:
    posts = []
    for label, phrases in enumerate((_NEGATIVE, _NEUTRAL, _POSITIVE)):
        for number, phrase in enumerate(phrases):
            for turn in range(rounds):
                thing = _THINGS[(number * 7 + turn * 3 + label) % len(_THINGS)]
                posts.append((_dressed(phrase.format(thing), turn), label))
    return posts


def _service(rounds: int) -> list[tuple[str, int]]:
    posts = []
    for label, phrases in enumerate((_SERVICE_NEGATIVE, _SERVICE_NEUTRAL, _SERVICE_POSITIVE)):
        for number, phrase in enumerate(phrases):
            for turn in range(rounds):
                opening = _OPENINGS[(number + turn) % len(_OPENINGS)]
                amount = 2 + (number * 5 + turn * 7 + label) % 11
                posts.append((opening + _dressed(phrase.format(amount), turn), label))
    return posts


def _dressed(text: str, turn: int) -> str:
    return text[0].upper() + text[1:] + "." if turn % 2 else text


def invented_posts(rounds: int = 4) -> list[tuple[str, int]]:
    """(text, label number) of every phrase with a few different things each."""
    reviews = [(text, 0) for text in _REVIEW_NEGATIVE] + [(text, 2) for text in _REVIEW_POSITIVE]
    dressed = [(_dressed(text, turn), label) for text, label in reviews for turn in range(2)]
    work = [(_dressed(text.format(2 + turn), turn), label) for text, label in _WORK for turn in range(2)]
    return _releases(rounds) + _service(rounds) + dressed + work
