"""Scorer `http`: any sentiment service that takes JSON and answers with JSON, described without code.

The request is a template, and JMESPath expressions say where in the reply the numbers stand.
Whatever goes wrong is an error: a text whose score did not come is never taken for a neutral one.
"""

from __future__ import annotations

from gate.scorers.http.options import Options
from gate.scorers.http.scorer import Scorer

__all__ = ["Options", "Scorer"]
