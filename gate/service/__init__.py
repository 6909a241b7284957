"""The service that other machines and people talk to: an API under ``/v1``, and a page.

Needs the extra ``[service]``. Nothing here decides, watches or delivers: it reads the run log, and hands orders to
``gate.runs``, which workers take up.
"""

from __future__ import annotations

from gate.service.app import application, create_app
from gate.service.services import Services
from gate.service.settings import Settings, load

__all__ = ["Services", "Settings", "application", "create_app", "load"]
