"""The one place that makes hostile text harmless, once for each kind of writer.

Whatever a mention, a server's error message or a file says may be an attack on whoever reads the report: terminal
escapes, bidirectional overrides that reorder a line, zero-width letters that hide a word, a workflow command for the
runner that shows our log, HTML, a mention that pings somebody. Every function here but ``lines`` returns one line.
"""

from __future__ import annotations

import json as stdlib_json
import re
import unicodedata

from gate.canonical import to_plain

MAX_CHARACTERS = 10_000
"""Nobody reads further; the rest is cut, so that one mention cannot flood a log."""

MAX_MARKS = 3
"""Combining marks kept on one letter: real scripts need up to three, stacked ones climb over other lines."""

# String sequences (OSC, DCS …) end with BEL or ST. No introducer inside, so that matching stays linear.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)
# Invisible although they are letters or marks (Unicode: Default_Ignorable_Code_Point), and non-characters.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufdd0-\ufdef\U000e0000-\U000e0fff"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)

# GitHub reads `::command` at the start of a line, leading blanks aside, and a line may be wrapped anywhere; Azure
# Pipelines reads `##vso[` and `##[` anywhere in a line, TeamCity `##teamcity[`. A space inside breaks all of them.
_COLONS = re.compile(":(?=:)")
_HASHES = re.compile(r"##(?=\w*\[)")

# Entities rather than backslashes: they cannot pair up with a backslash in the text or with a table's pipes.
_MARKDOWN = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*_[]<>|~&$"}
# GitHub looks for @names and #numbers after rendering, when an entity is a plain sign again: only a zero-width space
# between the sign and the word keeps it from pinging somebody or linking to an issue.
_MARKDOWN |= {ord("@"): "@&#8203;", ord("#"): "#&#8203;"}
_ADDRESS = re.compile(r":(?=[:/])")
_WWW = re.compile(r"\bwww(?=\.)", re.IGNORECASE)
_ISSUE = re.compile(r"\bgh-(?=\d)", re.IGNORECASE)
_BLOCK_START = re.compile(r"^(\d{1,9})([.)])|^([-+=])")

_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][\w.~:/?#@!$&'()*+,;=%|\[\]-]*)?", re.ASCII)
_LINK_ENCODED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "()[]|'*"})


def terminal(text: str) -> str:
    """Return one line that may be printed to a terminal and to the log of any CI runner.

    It holds no control character, nothing invisible, nothing that reorders the line, and no command for a runner.
    Square brackets stay: with rich, wrap the result in ``Text`` and never print it as markup.
    """
    return _HASHES.sub("# #", _COLONS.sub(": ", _clean(text)))


def lines(text: str) -> str:
    """Return ``terminal`` of each line, its indentation kept: for messages that we break into lines ourselves."""
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + terminal(line) for line in text.split("\n"))


def json(value: object) -> str:
    """Return any domain object as one line of JSON that may be printed anywhere.

    It reads back equal to the canonical form, but is not its bytes: all is ASCII without control characters, and
    ``::`` and ``##`` have an escape in them, so that no CI runner finds a command in a log that shows it.

    Raises:
        EvidenceFault: something in it has no place in JSON, e.g. a NaN.
    """
    text = stdlib_json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    # Outside of strings JSON has neither sign twice, so that only what somebody wrote is escaped.
    return text.replace("::", ":\\u003a").replace("##", "#\\u0023").replace("\x7f", "\\u007f")


def one_line(text: str, width: int) -> str:
    """Return ``terminal(text)`` cut to at most ``width`` columns, an ellipsis included."""
    line = terminal(text)
    if columns(line) <= width:
        return line
    room, kept = width - 1, []
    for character in line:
        room -= columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if width > 0 else ""


def columns(text: str) -> int:
    """Return how many columns a cleaned text takes on a terminal: wide letters take two, marks none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def markdown(text: str) -> str:
    """Return one line of GitHub-flavoured Markdown that renders as the plain text and does nothing.

    No markup, HTML, image, link, table cell or code starts in it, nobody is pinged and no issue is linked.
    """
    line = _clean(text).translate(_MARKDOWN)
    line = _ADDRESS.sub("&#58;&#8203;", line)
    line = _ISSUE.sub(lambda found: f"{found[0]}&#8203;", _WWW.sub(lambda found: f"{found[0]}&#8203;", line))
    return _BLOCK_START.sub(_no_block, line)


def link(url: str) -> str:
    """Return a web address fit for ``<a href="…">`` and Markdown's ``(<…>)``, or nothing if it is no such address.

    Only http and https without user name: no ``javascript:``, no ``https://bank.example@evil.example``.
    """
    if len(url) > 2000 or not _LINK.fullmatch(url):  # noqa: PLR2004 - what browsers and servers take
        return ""
    return url.translate(_LINK_ENCODED).replace("&", "&amp;")


def _clean(text: str) -> str:
    """One line of visible text, without anything that acts."""
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS] + "…"
    if not (text.isascii() and text.isprintable()):
        text = _visible(_INVISIBLE.sub("", _ESCAPES.sub("", text)))
    return " ".join(text.split())


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if character.isspace():
            kept.append(" ")
        elif category in {"Cs", "Co"}:
            kept.append("\N{REPLACEMENT CHARACTER}")
        elif category not in {"Cc", "Cf"} and marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _no_block(found: re.Match[str]) -> str:
    sign = found[2] or found[3]
    return f"{found[1] or ''}&#{ord(sign)};"
