"""Products of tables by one processor.

numpy hands a product to OpenBLAS, which starts its threads for all but small ones. The tables here are small, so the threads
gain nothing and wait by spinning: posts cost twice the processor time, and other processes of the machine go without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MOST = 2**18
"""Multiplications that OpenBLAS does without its threads (``interface/gemm.c``: 4 times 65,536)."""


def times(rows: Floats, table: Floats) -> Floats:
    """The matrix product, a few rows at a time."""
    height = max(1, _MOST // table.size)
    if len(rows) <= height:
        return rows @ table
    blocks = -(-len(rows) // height)
    padded = np.zeros((blocks * height, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    found: Floats = (padded.reshape(blocks, height, -1) @ table).reshape(blocks * height, -1)
    return found[: len(rows)]
