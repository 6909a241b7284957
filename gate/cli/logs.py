"""Logs of the service: one line an event, as text for people or as JSON for machines, with the run it is about."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from gate.cli.terminal import SafeFormatter
from gate.policy.secrets import hide_secrets
from gate.report.safe import one_line

FIELDS = ("run", "look", "delivery", "late",
          "event", "by", "via", "method", "path", "address", "status", "seconds", "kind", "request")  # fmt: skip
"""What a line may say of itself beside its message."""
LONGEST_FIELD = 200


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
        return hide_secrets(json.dumps(line))


class TextFormatter(SafeFormatter):
    """Time, message, and the run it is about."""

    def __init__(self) -> None:
        """Write times to the second."""
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        known = {name: str(getattr(record, name, "")) for name in FIELDS}
        about = " ".join(f"{name}={one_line(value, LONGEST_FIELD)}" for name, value in known.items() if value)
        return hide_secrets(f"{super().format(record)} {about}".rstrip())
