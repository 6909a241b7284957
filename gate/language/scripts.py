"""In which letters a text is written: enough to know that a post is not English, whatever it says.

Ranges are the blocks of the Unicode Character Database (Blocks.txt); names are ISO 15924's.
"""

from __future__ import annotations

import re

LANGUAGES: dict[str, tuple[str, ...]] = {
    "Jpan": ("ja",),
    "Hang": ("ko",),
    "Hani": ("zh", "ja"),
    "Cyrl": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg"),
    "Grek": ("el",),
    "Arab": ("ar", "fa", "ur", "ps", "ckb", "sd", "ug"),
    "Hebr": ("he", "yi"),
    "Deva": ("hi", "mr", "ne", "sa"),
    "Beng": ("bn", "as"),
    "Guru": ("pa",),
    "Gujr": ("gu",),
    "Taml": ("ta",),
    "Telu": ("te",),
    "Knda": ("kn",),
    "Mlym": ("ml",),
    "Sinh": ("si",),
    "Thai": ("th",),
    "Laoo": ("lo",),
    "Mymr": ("my",),
    "Geor": ("ka",),
    "Armn": ("hy",),
    "Ethi": ("am", "ti"),
    "Khmr": ("km",),
}
"""Languages written in each script that has few of them, the most widely written first. Latin has too many."""

_BLOCKS = {
    "Jpan": "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff",
    "Hang": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Hani": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Cyrl": "\u0400-\u0481\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66e",
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Arab": "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c9\ufb50-\ufdff\ufe70-\ufefc",
    "Hebr": "\u05d0-\u05f2\ufb1d-\ufb4f",
    "Deva": "\u0904-\u0939\u0958-\u0961\u0971-\u097f",
    "Beng": "\u0985-\u09b9",
    "Guru": "\u0a05-\u0a39",
    "Gujr": "\u0a85-\u0ab9",
    "Taml": "\u0b85-\u0bb9",
    "Telu": "\u0c05-\u0c39",
    "Knda": "\u0c85-\u0cb9",
    "Mlym": "\u0d05-\u0d3a",
    "Sinh": "\u0d85-\u0dc6",
    "Thai": "\u0e01-\u0e30",
    "Laoo": "\u0e81-\u0eb0",
    "Mymr": "\u1000-\u102a",
    "Geor": "\u10a0-\u10ff",
    "Armn": "\u0531-\u0587",
    "Ethi": "\u1200-\u137f",
    "Khmr": "\u1780-\u17b3",
}
_ANY = re.compile("|".join(f"(?P<{name}>[{block}])" for name, block in _BLOCKS.items()))
_DENSE = frozenset({"Jpan", "Hang", "Hani"})
_DENSITY = 3
"""Latin letters that say about as much as one of a dense script, so that one English word in a sentence weighs little."""
_FEWEST = 2
"""Different letters of a script; one alone stands in many a face: (づ◕‿◕)づ, ಠ_ಠ."""


def foreign_script(text: str) -> str:
    """Return the script of most of the text's letters; empty where that is Latin, unknown, or nothing to tell by.

    Kana make a text Japanese, however many Han characters stand beside them.
    """
    if text.isascii():
        return ""
    weights: dict[str, int] = {}
    letters: dict[str, set[str]] = {}
    for found in _ANY.finditer(text):
        script = found.lastgroup or ""
        weights[script] = weights.get(script, 0) + (_DENSITY if script in _DENSE else 1)
        letters.setdefault(script, set()).add(found[0])
    if not weights:
        return ""
    if "Jpan" in weights and "Hani" in weights:
        weights["Jpan"] += weights.pop("Hani")
        letters["Jpan"] |= letters.pop("Hani")
    others = sum(map(str.isalpha, text)) - sum(
        weight // _DENSITY if script in _DENSE else weight for script, weight in weights.items()
    )
    script = max(weights, key=weights.__getitem__)
    enough = len(letters[script]) >= _FEWEST
    return script if enough and 2 * weights[script] >= sum(weights.values()) + max(others, 0) else ""
