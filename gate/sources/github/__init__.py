"""Issues, their comments and discussions on GitHub."""

from gate.sources.github.options import ABOUT, Options
from gate.sources.github.source import Source

__all__ = ["ABOUT", "Options", "Source"]
