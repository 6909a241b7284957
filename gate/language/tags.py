"""Language tags (BCP 47, RFC 5646) as far as the gate needs them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from gate.language.scripts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Collection

UNKNOWN = frozenset({"und", "mul", "zxx", "mis"})
"""RFC 5646's and ISO 639-2's words for: not determined, several, none, not coded."""
_SAME = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "yue": "zh"}
"""Withdrawn codes that platforms still send, and names of one written language."""
_PRIMARY = re.compile(r"[a-z]{2,3}")


def is_tag(text: str) -> bool:
    """Tell whether this is a primary tag in lower case, such as ``en``."""
    return _PRIMARY.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def primary(tag: str) -> str:
    """Return the primary part of a tag, one code a language; empty where the tag says nothing.

    >>> primary("pt-BR"), primary("iw"), primary("und"), primary("")
    ('pt', 'he', '', '')
    """
    code = tag.partition("-")[0].partition("_")[0].strip().lower()
    return "" if code in UNKNOWN else _SAME.get(code, code)


def may_be(tag: str, languages: Collection[str]) -> bool:
    """Tell whether a text with this tag may be in one of the languages; no tag may be anything.

    ``und-Cyrl``, a text of which only the letters are known, may be in any language written with them.

    >>> may_be("en-GB", {"en"}), may_be("de", {"en"}), may_be("und-Cyrl", {"uk"}), may_be("und-Cyrl", {"en"})
    (True, False, True, False)
    """
    wanted = {primary(language) for language in languages}
    code = primary(tag)
    if not wanted or code in wanted:
        return True
    if code:
        return False
    script = tag.partition("-")[2]
    return script not in LANGUAGES or not wanted.isdisjoint(LANGUAGES[script])
