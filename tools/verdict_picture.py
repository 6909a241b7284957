"""Draw the picture of a verdict for the README from what `gate` really printed.

    gate demo | python -m tools.verdict_picture --title "gate demo" docs/images/verdict.svg

It reads the output, colours included, from standard input (`script -qec "gate check" /dev/null` keeps the colours of a
command whose output is piped). With --invented it draws an invented verdict instead. The picture fetches nothing:
rich's web font is replaced by the monospaced fonts readers have.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gate.model import Cost, Coverage, Decision, Finding, Outcome, Release, Tally, Verdict
from gate.report import text
from gate.report.content import Report, Sample

WIDTH = 88
FONTS = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# Contrast of at least 4.5 to 1 on the background, for every colour that carries a word.
THEME = TerminalTheme(
    (24, 27, 33),
    (222, 226, 232),
    [
        (24, 27, 33),
        (255, 108, 107),
        (126, 211, 120),
        (240, 200, 90),
        (97, 175, 239),
        (210, 140, 230),
        (86, 200, 210),
        (222, 226, 232),
    ],
)
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_COMMENT = re.compile(r"<!--.*?-->")
_FONT_FAMILY = re.compile(r"font-family:[^;]*;")


def picture(printed: str, title: str) -> str:
    """Return an SVG of a terminal that shows ``printed``, colours as ANSI escapes.

    Raises:
        ValueError: a path of this machine, or an address that would be fetched, is in the picture.
    """
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(printed.replace("\r\n", "\n").rstrip()), soft_wrap=False)
    svg = console.export_svg(title=title, theme=THEME)
    svg = _FONT_FAMILY.sub(f"font-family: {FONTS};", _FONT_FACE.sub("", _COMMENT.sub("", svg)))
    svg = "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"
    for private in (str(Path.cwd()), str(Path.home()), tempfile.gettempdir()):
        if f"{private}/" in svg:
            message = f"the output names {private}: run the command with relative paths"
            raise ValueError(message)
    if re.search(r"url\((?!#)|(?:href|src)=", svg):
        message = "the picture would fetch something from elsewhere"
        raise ValueError(message)
    return svg


def invented() -> str:
    """Return the report of an invented release of an invented product."""
    deployed = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
    reason = (
        "58 % of 43 mentions since the deploy are negative, 21 % of 180 before; 1 in 2,300 if the release were harmless"
    )
    findings = (
        Finding("share", harm=True, code="share_rose", sentence=reason, numbers={"odds": 2345.0, "odds_needed": 100.0}),
        Finding(
            "keyword", harm=False, code="phrase_rare", sentence="1 of 3 authors name a listed phrase: “data loss” (1)"
        ),
    )
    x = Coverage("x", True, True, "", 52, 34, {"repost": 11, "near_duplicate": 5, "language": 2}, Cost(17, 232))  # noqa: FBT003
    reviews = Coverage("reviews", False, True, "", 10, 9, {"author_voted": 1}, Cost(17))  # noqa: FBT003
    tally = Tally(180, 43, 41, 2, 0.21, 0.58, 0.31, -0.42)
    verdict = Verdict(
        outcome=Outcome.FAIL,
        decision=Decision.HALT,
        code="share_rose",
        reason=f"Fail: {reason}.",
        decided_at=deployed + timedelta(minutes=17),
        rule="share",
        odds=2345.0,
        tally=tally,
        findings=findings,
        coverage=(x, reviews),
    )
    samples = (
        Sample(-0.86, "since the update brimly logs me out every five minutes, unusable"),
        Sample(-0.79, "lost my whole route because the new sync just froze. thanks for nothing"),
        Sample(-0.71, "anyone else getting a blank map after #brimly24??"),
    )
    release = Release("#brimly24", deployed, deployed - timedelta(days=7), deployed, deployed + timedelta(minutes=45))
    report = Report(
        verdict,
        release=release,
        run="260310-140500-x7k2qa",
        evidence="evidence/brimly24",
        samples=samples,
        moods=(0.3, 0.32, 0.22, 0.1, 0.05, -0.1, -0.12, -0.2, -0.31, -0.3, -0.38, -0.42),
    )
    return text.render(report, text.Style(width=WIDTH, color=True))


def main() -> int:
    """Draw it."""
    parser = argparse.ArgumentParser(description="Draw what gate printed as an SVG.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--title", default="gate check")
    parser.add_argument("--invented", action="store_true", help="draw an invented verdict instead of reading one")
    options = parser.parse_args()
    try:
        svg = picture(invented() if options.invented else sys.stdin.read(), options.title)
    except ValueError as fault:
        print(f"verdict_picture: {fault}", file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
