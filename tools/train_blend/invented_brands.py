"""Invented posts to and about companies of every kind, written by this project for its training.

`invented.py` speaks of releases and flights; here are shops, banks, phone and parcel companies,
so that waiting, money and silence are learned as such and not as airline words.
"""

from __future__ import annotations

_OPENINGS = ("@acme ", "@acme ", "", "hi @acme ", "@acme_support @acme ", "so @acme ", "@acme - ")
_ENDINGS = ("", ".", "", "!", " #acme", "", " #fail")
_TIMES = (
    "two hours", "3 days", "45 minutes", "a week", "an hour", "5 hours", "two weeks", "a month",
    "40 min", "10 days", "all day", "since Monday",
)  # fmt: skip
_ASKED = ("refund", "parcel", "order", "luggage", "account", "ticket", "payment", "delivery")

_NEGATIVE = (
    "still waiting for my {asked}", "still no {asked} after {time}", "where is my {asked}?? it has been {time}",
    "been on hold for {time}", "{time} on the phone and no one can help", "on hold {time} and then cut off",
    "no one answers the phone", "nobody replied to my email about my {asked}", "no response to my DM",
    "you keep ignoring me about my {asked}", "still no answer about the {asked}", "any chance of a reply? {time} now",
    "told me {time}, that was a lie", "you promised a {asked} and nothing happened", "why was my {asked} cancelled?",
    "cancelled my {asked} without telling me", "my {asked} got cancelled again", "why is it so hard to get a {asked}?",
    "lost my {asked} and don't care", "my {asked} is missing", "you sent the wrong {asked}", "my {asked} arrived broken",
    "charged me for a {asked} I never got", "overcharged again", "you took my money and gave me nothing",
    "hidden fees for a {asked}", "can't log into my {asked}", "locked out of my {asked} for {time}",
    "your site keeps crashing when I try to pay", "website won't let me change my {asked}", "app is down again",
    "the app crashed and I lost my {asked}", "error message every time I enter my details", "no internet for {time}",
    "service has been out for {time}", "another outage, third this month", "signal is terrible here",
    "rude staff and no apology", "your agent hung up on me", "she was so rude about my {asked}",
    "the man at the desk didn't care at all", "no help, no manners, no {asked}", "zero communication about the {asked}",
    "not even an apology", "how is this acceptable?", "this is unacceptable", "completely unacceptable service",
    "appalling service", "terrible experience with my {asked}", "worst customer service I have ever had",
    "what is the point of your help line?", "why do I even pay you?", "what kind of service is this?",
    "are you kidding me?", "are you serious? {time} for a {asked}", "is anyone even working there?",
    "can somebody please answer me", "can you fix this please, {time} already", "please sort out my {asked}",
    "sort it out", "you need to fix your system", "get your act together", "you guys suck", "I'm done with you",
    "never using you again", "never again", "I'm switching to someone else", "taking my business elsewhere",
    "cancelling my {asked} today", "last time I buy from you", "avoid this company", "such a rip off",
    "wasted {time} of my life", "{time} late and counting", "late again", "delayed {time}, no reason given",
    "delay after delay after delay", "stuck here for {time} with no information", "we have been sitting for {time}",
    "missed work because the delivery never came", "driver never showed up", "left my parcel in the rain",
    "thanks for nothing", "thanks for losing my {asked}", "thanks for the wait, only {time}", "great job losing my {asked}",
    "nice work, {time} and still nothing", "love being on hold for {time}", "love paying for a {asked} I don't get",
    "well done for ruining our weekend", "wow, another {time} of waiting", "oh good, delayed again",
    "guess I'm not getting my {asked}", "looks like I will miss my meeting because of you", "now what? my {asked} is gone",
    "I had to call {time} ago and nothing changed", "I have called four times about my {asked}",
    "transferred from one person to another for {time}", "your policy makes no sense", "you refuse to give a {asked}",
    "you will not honour the price I booked", "I shouldn't have to wait {time} for a {asked}",
    "my grandmother was left alone without help", "no water, no air, no news for {time}", "I'm so frustrated with your company",
    "so disappointed in you", "very disappointed, expected better", "I expect more from you", "disgusted with the way we were treated",
    "tired of excuses", "stop blaming the weather", "it's always the same with you", "you have lost a loyal customer",
    "system down, computers down, everyone waiting", "three broken machines and one person at the till",
    "does anyone at your company read these?", "why can't I speak to a real person?", "why am I still waiting?",
    "how long does it take to send a {asked}?? {time} and nothing", "what happened to my {asked}? nobody knows",
)  # fmt: skip

_NEUTRAL = (
    "do you deliver to Norway?", "what are your opening hours?", "where do I find my {asked} number?",
    "how do I track my {asked}?", "can I change the address of my {asked}?", "is the shop open on Sunday?",
    "I sent you a message with my details", "just followed you, DM sent", "what is the email for press questions?",
    "do you have this in blue?", "which card works abroad?", "when does the sale start?", "does the plan include calls to Spain?",
    "can I use points for a {asked}?", "is there a student price?", "how much is a second {asked}?",
    "my {asked} number is 44821", "picking up my {asked} at noon", "the offer ends on Friday", "new shop opens in May",
    "can you confirm the date of my {asked}?", "who do I talk to about a {asked}?", "will you be at the fair next week?",
    "is the {asked} from Leeds on schedule?", "ok thanks, I'll wait for the mail", "booked a {asked} for June",
    "does the app work on a tablet?", "how early should we be there?", "can I add a name to my {asked}?",
    "what's the difference between the two plans?", "is there a number I can text?", "heading to the store now",
)  # fmt: skip

_POSITIVE = (
    "thank you so much for sorting out my {asked}", "got my {asked} in no time, thanks", "great service today",
    "big thanks to Anna at the desk", "your staff were lovely", "fantastic customer service", "{asked} arrived early, love it",
    "so helpful on the phone, thank you", "you guys are the best", "very impressed with how fast you answered",
    "thanks for the quick help with my {asked}", "no waiting at all, brilliant", "my {asked} came within an hour, amazing",
    "best service in years", "happy customer here", "always a pleasure", "much appreciated, all fixed now",
    "problem solved in minutes", "couldn't be happier with my {asked}", "shout out to the driver, what a star",
    "thanks for the free {asked}", "everyone was so kind", "you made our day", "this is how it should be done",
    "finally got my {asked}, thank you", "love the new shop", "will definitely book again", "props to your crew",
    "awesome, thanks for the reply", "I appreciate the help", "great flight, great people", "so easy to use, well done",
)  # fmt: skip


def brand_posts(rounds: int = 3) -> list[tuple[str, int]]:
    """(text, label number) of every phrase in a few dresses."""
    posts = []
    for label, phrases in enumerate((_NEGATIVE, _NEUTRAL, _POSITIVE)):
        for number, phrase in enumerate(phrases):
            for turn in range(rounds):
                place = number * 3 + turn * 5 + label
                ending = _ENDINGS[place % (len(_ENDINGS) - (label != 0))]
                body = phrase.format(asked=_ASKED[(place + turn) % len(_ASKED)], time=_TIMES[place % len(_TIMES)])
                opening = _OPENINGS[(place + number) % len(_OPENINGS)]
                if body.endswith("?") and ending in (".", "!"):
                    ending = ""
                posts.append((opening + body + ending, label))
    return posts
