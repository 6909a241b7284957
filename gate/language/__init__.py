"""Whether a text says anything, which language it is in, and which scorer reads it."""

from gate.language.blank import says_something
from gate.language.detection import detect
from gate.language.routing import Choice, Route, Routes
from gate.language.tags import is_tag, may_be, primary

__all__ = ["Choice", "Route", "Routes", "detect", "is_tag", "may_be", "primary", "says_something"]
