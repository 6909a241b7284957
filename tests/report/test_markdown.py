"""The verdict in GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gate.model import Outcome
from gate.report import markdown
from gate.report.content import Sample
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL, NOTHING, hostile_report, report

# Bars and sparklines are ours; so is the link around an address that was checked.
OURS = re.compile(
    r"`[█░▁▂▃▄▅▆▇]+`|\(\[post\]\(<https?://[^<>\s]+>\)\)|^\*[\d,]+ more lines left out.*\*$", re.MULTILINE
)


def tables(written: str) -> list[list[str]]:
    """Return the rows of each table."""
    blocks = [block.splitlines() for block in written.split("\n\n")]
    return [block for block in blocks if block and block[0].startswith("|")]


def test_a_job_summary() -> None:
    """Headline, reason, next steps, numbers with bars, rules, sources, mentions and notes, in this order."""
    written = markdown.render(report())
    parts = [
        "## ✗ FAIL → halt the rollout\n",
        "58 % of 43 mentions since the deploy are negative, 21 % of 180 before",
        "- Roll back #&#8203;brimly",
        "| before | `████░░░░░░░░░░░░░░░░` | 21 % | +0.31 | 180 |",
        "| since the deploy | `████████████░░░░░░░░` | 58 % | -0.42 | 43 |",
        "odds 1 in 2,300 if the release were harmless (halt line 1 in 100)",
        "| ✗ | share | share&#95;rose | halt: 58 %",
        "| ✓ | x | complete | 52 fetched = 43 kept + 9 dropped (7 repost, 2 language) |",
        "| ✗ | mastodon | NEVER heard (not required): connection refused |",
        "- -0.90 it crashes at login ([post](<https://posts.example/1>))",
        "- -0.50 lost my draft\n",
        "### Notes",
    ]
    places = [written.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_hostile_text_does_nothing_in_a_summary() -> None:
    """Tables keep their columns, and nothing from outside becomes a tag, link, image, mention, heading or command."""
    for _, hostile in HOSTILE:
        written = markdown.render(hostile_report(hostile))
        for rows in tables(written):
            assert len({row.count("|") for row in rows}) == 1
        outside = re.sub(r"&#\d+;", "&", OURS.sub("", written))
        assert not re.search(r"[<>`*_\[\]~\\$]", outside)
        assert not re.search(r"@\w|#\w|://", outside)
        assert not re.search(r"^\s*(::|#{1,6}(\s|$)(?!✗ FAIL|What users|Notes))", outside, re.MULTILINE)
        assert "##vso[" not in written.lower()
        assert written.replace("\n", "").isprintable()


@pytest.mark.parametrize("sign", ["|", "x", "字", "<b>"])
def test_it_stays_under_the_limit(sign: str) -> None:
    """However much was written, a summary fits, keeps its verdict, and says how much is missing."""
    samples = tuple(Sample(-1.0, sign * 5000) for _ in range(300))
    written = markdown.render(report(replace(FAIL, reason=sign * 10**6), samples=samples), limit=100_000)
    assert len(written.encode()) <= 100_000
    assert markdown.LIMIT < 1024 * 1024
    assert written.startswith("## ✗ FAIL → halt the rollout\n")
    assert re.search(r"\*[\d,]+ more lines left out: too long for a summary\.\*\n$", written)


def test_a_small_limit_costs_mentions_first() -> None:
    """With room for little, the verdict and what to do are what is left."""
    written = markdown.render(report(), limit=600)
    assert len(written.encode()) <= 600
    assert "halt the rollout" in written
    assert "it crashes" not in written


def test_silence_is_said() -> None:
    """Without mentions, cells are empty rather than zero."""
    verdict = replace(FAIL, outcome=Outcome.ERROR, tally=NOTHING, odds=None, findings=(), coverage=())
    written = markdown.render(report(verdict, moods=(), samples=(), notes=()))
    assert "| before | | | | 0 |" in written
    assert "0 %" not in written.partition("| before")[2]


def test_what_they_feel_is_one_fact() -> None:
    """Counts beside the other facts."""
    assert "what they feel: frustration 30, anger 12" in markdown.render(
        report(emotions={"anger": 12, "frustration": 30})
    )
