"""What people see when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

if TYPE_CHECKING:
    from gate.service.problems import Problem


def render(problem: Problem) -> str:
    """Return the page: what happened, and the next step."""
    return render_template("problem.html", problem=problem)
