"""The lexicon that scorers share: VADER, several times faster than the library, with its very results."""

from gate.lexicon.analyzer import FastVader

__all__ = ["FastVader"]
