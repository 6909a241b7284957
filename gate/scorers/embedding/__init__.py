"""Scorer `embedding`: a small neural model's sentence embeddings beside what ``blend`` reads.

Needs the extra: ``pip install "sentiment-gate[embedding]"``. Nothing is downloaded when it runs.
"""

from __future__ import annotations

from gate.scorers.embedding.scorer import Options, Scorer

__all__ = ["Options", "Scorer"]
