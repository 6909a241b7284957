"""Runs small neural models in ONNX files: what the scorers built on them share.

``onnxruntime`` and ``tokenizers`` come with the extra ``[embedding]`` and are imported when a model
is opened, never before: a gate that scores by a lexicon does not pay for them.
"""

from __future__ import annotations

from gate.neural.model import Model
from gate.neural.packages import imported
from gate.neural.texts import Tokens, Wordpieces

__all__ = ["Model", "Tokens", "Wordpieces", "imported"]
