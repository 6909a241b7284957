"""The addresses of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, render_template

from gate.explaining import explainer
from gate.report.html.view import view
from gate.report.html.voices import quotes
from gate.service.auth import Role, require
from gate.service.page import deciding, listing, moods, pictures
from gate.service.page.assets import assets, send
from gate.service.page.reading import admitted, dossier
from gate.service.services import services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

page = Blueprint("page", __name__)

MOST_LOGGED = 120
"""Entries of the log on the page; the whole of it is a link away."""


def context() -> dict[str, Any]:
    """Return what every template may use."""
    return {"asset": assets().url, "who": g.get("principal")}


@page.get("/")
@require(Role.READ)
def runs() -> str:
    """Runs at a glance."""
    wanted = listing.asked()
    found = listing.found(wanted)
    return render_template(
        "runs.html",
        rows=listing.rows(found.lines),
        asked=wanted,
        choices=listing.CHOICES,
        cursor=found.cursor,
        running=any(line.state == "running" for line in found.lines),
        size=(listing.WIDTH, listing.HEIGHT),
    )


@page.get("/runs/<run_id>")
@require(Role.READ)
def run(run_id: str) -> str:
    """One run."""
    return _run(run_id)


@page.post("/runs/<run_id>")
@require(Role.READ)
def decide(run_id: str) -> AnyResponse:
    """Somebody decides otherwise."""
    answer = deciding.decide(run_id)
    if isinstance(answer, deciding.Refusal):
        return Response(_run(run_id, answer), answer.status)
    return answer


@page.get("/runs/<run_id>/charts/<name>.svg")
@require(Role.READ)
def chart(run_id: str, name: str) -> Response:
    """One of its charts."""
    return pictures.show(run_id, name)


@page.get("/runs/<run_id>/charts.json")
@require(Role.READ)
def charts(run_id: str) -> Response:
    """What its interactive charts are made of."""
    return pictures.specifications(run_id)


@page.get("/moods")
@require(Role.READ)
def weeks() -> str:
    """The mood over weeks, with every release marked."""
    return render_template("moods.html", **moods.shown())


@page.get("/moods.svg")
@require(Role.READ)
def weeks_chart() -> Response:
    """Its picture."""
    return moods.picture()


@page.get("/static/<name>")
def static(name: str) -> Response:
    """Style and scripts; anybody may have them."""
    return send(name)


def _run(run_id: str, refusal: deciding.Refusal | None = None) -> str:
    standing, who = admitted(run_id)
    known = dossier(standing)
    log = known.log[-MOST_LOGGED:]
    store = services().store
    return render_template(
        "run.html",
        run=view(known, log),
        unlogged=len(known.log) - len(log),
        events=standing.events,
        charts=pictures.described(standing),
        sizes=pictures.WIDTHS,
        quotes=quotes(known, explainer(store.run(run_id).policy)),
        due=store.tasks(run_id),
        keeps_text=deciding.keeps_text(store.run(run_id).policy),
        may=deciding.allowed(who, standing, ordered=bool(store.policy_text(run_id))),
        lengths=deciding.LENGTHS,
        refusal=refusal,
        dry_run=standing.line.dry_run,
    )
