"""Signs beside the words, and what to show where an encoding has none of them.

Every sign stands next to a word that says the same, so nothing is lost without colour or without Unicode.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate.model import Finding, Outcome


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    good: str
    bad: str
    unsure: str
    broken: str
    waiting: str
    arrow: str
    bullet: str
    full: str
    """Filled part of a bar."""
    empty: str
    spark: str
    """Eight heights, lowest first."""

    def outcome(self, outcome: Outcome) -> str:
        """Return the mark of an outcome."""
        return {
            Outcome.PASS: self.good,
            Outcome.FAIL: self.bad,
            Outcome.INCONCLUSIVE: self.unsure,
            Outcome.ERROR: self.broken,
            Outcome.WAITING: self.waiting,
        }[outcome]

    def finding(self, finding: Finding) -> str:
        """Return the mark of what one rule says."""
        if finding.harm:
            return self.bad
        return self.good if finding.ready else self.unsure


UNICODE = Glyphs(
    good="✓", bad="✗", unsure="?", broken="!", waiting="…", arrow="→", bullet="•", full="█", empty="░", spark="▁▂▃▄▅▆▇█"
)
ASCII = Glyphs(
    good="+",
    bad="x",
    unsure="?",
    broken="!",
    waiting="~",
    arrow="->",
    bullet="-",
    full="#",
    empty=".",
    spark="_.:-=+*#",
)

# What our own sentences use beyond ASCII.
_PLAINER = str.maketrans(
    {"…": "...", "→": "->", "–": "-", "−": "-", "×": "x", "“": '"', "”": '"', "‘": "'", "’": "'", "·": "-", "•": "-"}  # noqa: RUF001
)


def glyphs(encoding: str) -> Glyphs:
    """Return the signs that ``encoding`` can write."""
    signs = "".join(getattr(UNICODE, name) for name in Glyphs.__slots__)
    return UNICODE if encodable(signs, encoding) else ASCII


def encodable(text: str, encoding: str) -> bool:
    """Whether every character of the text exists in the encoding. An unknown encoding has none beyond ASCII."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def fit(text: str, encoding: str) -> str:
    """Return the text with what the encoding lacks replaced, so that printing it cannot fail."""
    if encodable(text, encoding):
        return text
    plainer = text.translate(_PLAINER)
    if encodable(plainer, encoding):
        return plainer
    try:
        return plainer.encode(encoding, "replace").decode(encoding)
    except LookupError:
        return plainer.encode("ascii", "replace").decode("ascii")
