"""The policy that ``gate init`` writes: short, valid, and explained line by line."""

from __future__ import annotations

from typing import Literal

from gate.policy.sections import DEFAULT_SCORER

_SOURCES = {
    "file": """\
  - type: file
    path: mentions.jsonl       # one JSON object a line: id, created_at, text, author …; all of it counts
  # - type: x                  # recent posts on X, paid by the post
  #   query: '"acme app" OR #acme24 lang:en'   # without it, the release above is searched for
  #   bearer_token: ${X_BEARER_TOKEN}          # secrets come from the environment, never from this file
  #   budget: {reads: 2000}    # most posts one run may buy
  #   required: false          # the release may pass without it
""",
    "x": """\
  - type: x                    # recent posts on X, paid by the post
    query: '"acme app" OR #acme24 lang:en'   # without it, the release above is searched for
    bearer_token: ${X_BEARER_TOKEN}          # secrets come from the environment, never from this file
    budget: {reads: 2000}      # most posts one run may buy
  # - type: file
  #   path: mentions.jsonl     # one JSON object a line: id, created_at, text, author …
  #   required: false          # the release may pass without it
""",
}

_TEMPLATE = """\
# Policy of Sentiment Gate. Check it with: gate doctor
version: 1

release: "#acme24"             # hashtag or phrase, searched for where a source has no query; quoted, as # comments

sources:                       # where users speak; reports show each one's completeness
{sources}
# control:                     # others, on something else: a mood of everybody's is not put down to the release
#   - {{type: x, query: 'acme -#acme24 lang:en'}}

window:
  settle: 5m                   # wait after the deploy before the first look
  length: 45m                  # the verdict falls this long after the deploy at the latest
  every: 60s                   # time between two looks

baseline:
  length: 7d                   # compare with this long before the deploy
  match: none                  # or hour-of-day, hour-of-week: only the same hours
  # release: 2026-03-03T14:00:00Z   # or compare with this length of time after an earlier deploy
  # file: before.jsonl         # or with recorded mentions

filters:
  languages: []                # e.g. [en]; empty means all
  one_vote_per_author: true
  one_vote_per_conversation: true
  near_duplicates: drop        # copied texts count once; keep counts them all
  reposts: drop
  # min_account_age: 7d        # younger accounts do not count
  drop: []                     # words whose mentions do not count, e.g. [giveaway]
  require: []                  # where given, a mention needs one of these words

scorer: {scorer}                  # what reads the mood of a text

rules:                         # any of them that finds harm fails the release
  - type: share                # the negative share rose
    alpha: 0.01                # largest chance of halting a harmless release
    tolerate: 0.02             # two points more may be negative
  # - {{type: threshold, metric: mean_score, min: -0.2, min_mentions: 30}}
  # - {{type: keyword, any: ["data loss", "charged twice"], authors: 3}}

minimum:                       # with less than this the outcome is inconclusive
  mentions: 30
  authors: 15
  sources: 1

# What to do when the evidence does not say. This is yours to decide, so it has no default:
# promote (fail-open), hold or halt (fail-closed).
on:
  inconclusive: hold           # too few mentions, or a required source was incomplete
  error: hold                  # the evidence could not be gathered

dry_run: false                 # true: record the verdict, always promote
keep_text: false               # true: evidence holds the texts; by default only hashes and scores

# watch:                       # in a service: listen between releases too, so that the baseline is ready at once
#   every: 15m
#   budget: {{reads_per_day: 2000}}
"""


def template(source: Literal["file", "x"] = "file") -> str:
    """Return a valid policy that hears the given source and shows the other in a comment."""
    return _TEMPLATE.format(sources=_SOURCES[source], scorer=DEFAULT_SCORER)
