"""Hashes of words, word pairs and letter groups, and the buckets they fall into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD_BITS = 20
CHAR_BITS = 16
CHAR_SIZES = (3, 4, 5)
_MIX = 0x9E3779B1

Ints = NDArray[np.int64]


def _spread(values: Ints, bits: int) -> Ints:
    """Fold 32-bit hashes into this many bits, using the well-mixed high ones."""
    mixed = (values * _MIX) & 0xFFFFFFFF
    return mixed >> (32 - bits)


def word_buckets(hashes: Ints) -> Ints:
    """Buckets of words by themselves."""
    return _spread(hashes, WORD_BITS)


def negated_buckets(hashes: Ints) -> Ints:
    """Buckets of words that follow a negator."""
    return _spread((hashes ^ 0x5BD1E995) & 0xFFFFFFFF, WORD_BITS)


def pair_buckets(hashes: Ints, following: Ints) -> Ints:
    """Buckets of words together with the one after."""
    return _spread((hashes * 0x85EBCA6B + following + 77) & 0xFFFFFFFF, WORD_BITS)


def _crc_table() -> NDArray[np.uint32]:
    """What each byte makes of a CRC-32."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ 0xEDB88320, table >> 1).astype(np.uint32)
    return table


_CRC = _crc_table()


def char_groups(names: Sequence[str]) -> tuple[Ints, Ints]:
    """Hashes of the letter groups of these words, one word after the other, and how many each word has.

    `zlib.crc32` of every group, but worked out for all places at once: new words are most of what a cold start costs.
    """
    framed = [f"<{name}>".encode("utf-8", "surrogatepass") if name[0].isalpha() else b"" for name in names]
    lengths = np.array([len(word) for word in framed], np.int64)
    row = np.frombuffer(b"".join(framed), np.uint8)
    owner = np.repeat(np.arange(len(framed)), lengths)
    end = np.repeat(np.cumsum(lengths), lengths)
    start = np.arange(len(row))
    crc = np.full(len(row), 0xFFFFFFFF, np.uint32)
    hashes, owners = [], []
    for size in range(1, CHAR_SIZES[-1] + 1):
        fits = start + size <= end
        crc, owner, end, start = crc[fits], owner[fits], end[fits], start[fits]
        crc = _CRC[(crc & 0xFF) ^ row[start + size - 1]] ^ (crc >> 8)
        if size in CHAR_SIZES:
            hashes.append(~crc)
            owners.append(owner)
    by_word = np.argsort(np.concatenate(owners), kind="stable")
    sizes = np.bincount(np.concatenate(owners), minlength=len(framed))
    return np.concatenate(hashes)[by_word].astype(np.int64), sizes


def char_buckets(hashes: Ints) -> Ints:
    """Buckets of letter groups."""
    return _spread(hashes, CHAR_BITS)
