"""Specifications to pictures, by vl-convert: Vega in an engine of its own, which is never given an address to fetch."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib import import_module
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from gate.errors import UsageFault
from gate.report.charts.theme import style

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    Spec = dict[str, Any]

VEGA_LITE = "6.4"
SCALE = 2.0
"""Pixels of a PNG for one of the specification: sharp on the screens there are."""
BREATH = 0.01
"""Seconds between two pictures in which the other threads of a process have their turn."""
_DRAWING = Lock()
_ROOT = re.compile(r"<svg [^>]*?viewBox=\"([^\"]*)\"[^>]*>")
# CSS of the reader's own page does not reach into a picture, and a strict one forbids styles in attributes.
_STYLED = re.compile(r' style="[^"]*"')
# The expression interpreter: a page that forbids eval() can show the charts too.
_INTERACTIVE = """
window.gateChart = (element, spec) => vegaEmbed(element, spec, {
  mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true },
});
"""


def svg(spec: Spec, description: str, *, alone: bool = True) -> str:
    """Return a picture that scales with its place.

    Args:
        spec: Vega-Lite.
        description: what it shows, for those who do not see it.
        alone: whether it is a file of its own, which must know light and dark by itself, or part of a page which does.

    Raises:
        UsageFault: vl-convert is not installed.
    """
    with _alone() as vega:
        drawn: str = vega.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    found = _ROOT.search(drawn)
    box = found[1] if found else "0 0 1 1"
    width, height = box.split()[2:]
    size = f' width="{width}" height="{height}"' if alone else ""
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"{size} role="img" aria-label="{escape(description)}">'
    )
    known = f"<style>{style()}</style>" if alone else ""
    return _STYLED.sub("", root + known + drawn[found.end() if found else 0 :])


def png(spec: Spec) -> bytes:
    """Return the picture for where no SVG can be shown: chats, mails.

    Raises:
        UsageFault: vl-convert is not installed.
    """
    with _alone() as vega:
        drawn: bytes = vega.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=SCALE, allowed_base_urls=[])
    return drawn


@cache
def bundle() -> str:
    """Return the JavaScript that makes charts interactive: ``gateChart(element, spec)``. Fetches nothing.

    Raises:
        UsageFault: vl-convert is not installed.
    """
    with _alone() as vega:
        script: str = vega.javascript_bundle(_INTERACTIVE, vl_version=VEGA_LITE)
    return script


@contextmanager
def _alone() -> Iterator[ModuleType]:
    """Draw one picture at a time: while one is drawn, no other thread of the process runs, as vl-convert keeps the GIL.

    Several that wait for each other would hand it on among themselves, and whoever asks for a verdict meanwhile would
    wait for all of them.
    """
    vega = _vega()
    with _DRAWING:
        try:
            yield vega
        finally:
            Event().wait(BREATH)


def _vega() -> ModuleType:
    try:
        return import_module("vl_convert")
    except ImportError:
        message = "charts need vl-convert-python, which is not installed"
        raise UsageFault(message, hint="pip install 'sentiment-gate[service]'") from None
