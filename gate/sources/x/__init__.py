"""X (Twitter): recent search through tweepy, polled by ``since_id``, within a budget of paid reads."""

from __future__ import annotations

from gate.sources.x.options import Budget, Options
from gate.sources.x.source import Source

__all__ = ["Budget", "Options", "Source"]
