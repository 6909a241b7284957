"""Sentiment Gate: listens to users after a deploy and says pass, fail or inconclusive."""

__version__ = "0.1.0"
