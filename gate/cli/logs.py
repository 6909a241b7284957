"""Logs of the service: one line an event, as text for people or as JSON for machines, with the run it is about."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from gate.cli.terminal import SafeFormatter

FIELDS = ("run", "look", "delivery", "late")
"""What a line may say of itself beside its message."""


def set_up(*, json_logs: bool) -> None:
    """Log to standard error, from INFO on; libraries only warn."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if json_logs else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("gate").setLevel(logging.INFO)


class JsonFormatter(logging.Formatter):
    """One JSON object a line; escapes whatever a terminal might obey."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class TextFormatter(SafeFormatter):
    """Time, message, and the run it is about."""

    def __init__(self) -> None:
        """Write times to the second."""
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about = " ".join(f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        return f"{super().format(record)} {about}".rstrip()
