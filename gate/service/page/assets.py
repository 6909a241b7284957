"""Style and scripts: built once for a process, under names that change with what is in them, so that browsers keep them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, cast

from flask import Response, current_app, request

from gate.report.charts import style
from gate.report.charts.drawing import bundle
from gate.service.page.turns import alone
from gate.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "gate.assets"
FOREVER = "public, max-age=31536000, immutable"
SMALLEST = 600
"""Bytes below which packing costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, as it is and packed."""

    name: str
    kind: str
    plain: bytes
    packed: bytes


class Assets:
    """All of them; the interactive charts are made when first asked for."""

    def __init__(self) -> None:
        """Build the small ones."""
        page, report = resources.files("gate.service.page") / "static", resources.files("gate.report.html")
        shared = (report / "templates" / "style.css").read_text(encoding="utf-8")
        css = style() + shared + (page / "page.css").read_text(encoding="utf-8")
        self._made = {
            "page.css": _asset("page.css", "text/css", css),
            "page.js": _asset("page.js", "text/javascript", (page / "page.js").read_text(encoding="utf-8")),
            "icon.svg": _asset("icon.svg", "image/svg+xml", (page / "icon.svg").read_text(encoding="utf-8")),
        }
        self._making: dict[str, Callable[[], str]] = {"charts.js": bundle}

    def url(self, name: str) -> str:
        """Return where a file is: by a name of its own, or for one that is not made yet, by the plain one."""
        made = self._made.get(name)
        return f"{request.script_root}/static/{made.name if made else name}"

    def find(self, name: str) -> Asset | None:
        """Return the file of that name, with the digest in it or without."""
        if name in self._making and name not in self._made:
            with alone():
                self._made[name] = _asset(name, "text/javascript", self._making[name]())
        return {**self._made, **{each.name: each for each in self._made.values()}}.get(name)


def assets() -> Assets:
    """Return those of the application that answers this request."""
    return cast("Assets", current_app.extensions[NAME])


def send(name: str) -> Response:
    """Answer with a file.

    Raises:
        Problem: there is none of that name (404).
    """
    found = assets().find(name)
    if found is None:
        raise Problem(404, "there is nothing at this address")
    response = packed(found.plain, found.kind, found.packed)
    response.headers["Cache-Control"] = FOREVER if name == found.name else "public, max-age=3600"
    return response


def packed(plain: bytes, kind: str, small: bytes = b"") -> Response:
    """Answer with what holds no secret, packed where the reader can unpack it.

    Pages are never packed: beside the token of a session they hold what others wrote, and from the size of the two
    together the token could be guessed (BREACH).
    """
    if request.accept_encodings.quality("gzip") and len(plain) > SMALLEST:
        response = Response(small or gzip.compress(plain, 6, mtime=0), 200, {"Content-Encoding": "gzip"})
    else:
        response = Response(plain, 200)
    response.headers["Content-Type"] = f"{kind}; charset=utf-8"
    response.vary.add("Accept-Encoding")
    return response


def _asset(name: str, kind: str, text: str) -> Asset:
    data = text.encode()
    stem, _, ending = name.partition(".")
    named = f"{stem}.{sha256(data).hexdigest()[:12]}.{ending}"
    return Asset(named, kind, data, gzip.compress(data, 9, mtime=0))
