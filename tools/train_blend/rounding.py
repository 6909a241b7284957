"""The phrases of blend in whole numbers, as the weights file holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gate.scorers.blend.phrases import PLACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.train_blend.fitting import Doubles
    from tools.train_blend.phrases import Floats, Net, Tokens

_MOST_MATCH = 2**15 - 1


def rounded(net: Net, tokens: Tokens, share: float) -> dict[str, NDArray[Any]]:
    """The arrays of the weights file, with vectors and filters of one byte; the logits times `share`."""
    order = np.argsort(tokens.hashes, kind="stable")
    vectors = net.vectors(tokens, np.append(order, len(order)))
    width = np.quantile(np.abs(vectors), 0.9995, axis=0) / 127
    vectors = np.clip(np.round(vectors / width), -127, 127)
    filters = net.filters * width[:, None]
    scale = np.abs(filters).max(axis=(0, 1)) / 127
    filters, bias = np.round(filters / scale), np.round(net.bias / scale)
    shift = _shift(vectors, filters, bias)
    scale *= np.exp2(shift)
    return {
        "phrase hashes": tokens.hashes[order].astype(np.uint32),
        "phrase vectors": vectors.astype(np.int8),
        "phrase filters": filters.astype(np.int8),
        "phrase bias": bias.astype(np.int32),
        "phrase shift": shift.astype(np.int8),
        "phrase output": (net.mean_output * scale[:, None] * share).astype(np.float32),
        "phrase usual": (net.usual(tokens) / scale).astype(np.float32),
    }


def _shift(vectors: Floats, filters: Floats, bias: Floats) -> Doubles:
    """How often the matches of each pattern must be halved so that any three tokens fit two bytes."""
    highest = np.zeros((PLACES, len(bias)))
    for place, table in enumerate(filters):
        found = np.vstack([vectors @ table, np.zeros_like(bias)]) + (bias if place == 1 else 0)
        highest[place] = np.abs(found).max(axis=0)
    # Each of the three is rounded.
    return np.asarray(np.maximum(np.ceil(np.log2(highest.sum(axis=0) / (_MOST_MATCH - PLACES))), 0))
