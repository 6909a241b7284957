"""Who may do what: tokens, workflows of GitHub Actions, and people who log in to the page.

``Gatekeeper`` stands before every request; views say what they need by ``require``, ``admit`` and ``labels_for``.
"""

from __future__ import annotations

from gate.service.auth.audit import overridden
from gate.service.auth.gatekeeper import Gatekeeper
from gate.service.auth.guards import admit, labels_for, lasting, principal, public, require
from gate.service.auth.principals import Principal, Role

__all__ = [
    "Gatekeeper",
    "Principal",
    "Role",
    "admit",
    "labels_for",
    "lasting",
    "overridden",
    "principal",
    "public",
    "require",
]
