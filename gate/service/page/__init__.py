"""The page: runs at a glance, one run as it goes on, and people who decide otherwise.

Rendered here, with a little script of our own that keeps it fresh; all of it works without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, PackageLoader

from gate.report import safe
from gate.service.api.files import CHART
from gate.service.page import assets, pictures, problem, views
from gate.service.page.assets import Assets
from gate.service.problems import show_page

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["install"]


def install(app: Flask) -> None:
    """Add the page to the application."""
    # The parts that a page shares with the file of `gate report`.
    loaders = [PackageLoader("gate.service.page"), PackageLoader("gate.report.html")]
    app.jinja_env.loader = ChoiceLoader([each for each in (app.jinja_env.loader, *loaders) if each])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["line"] = safe.terminal
    app.extensions[assets.NAME] = Assets()
    app.extensions[CHART] = pictures.overview
    app.context_processor(views.context)
    app.register_blueprint(views.page)
    show_page(app, problem.render)
