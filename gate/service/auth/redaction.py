"""Keeps tokens out of logs, whoever writes them there."""

from __future__ import annotations

import logging
import re

from gate.store.token_text import PREFIX

REDACTED = "[redacted]"

_TOKENS = re.compile(
    rf"{PREFIX}[0-9A-Za-z]{{8,}}"  # ours, whole or cut short
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]*"  # JSON Web Tokens
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9%+/=._~-]{8,}"
)


def redact(text: str) -> str:
    """Take out whatever looks like a token."""
    return _TOKENS.sub(REDACTED, text)


class Redacting(logging.Filter):
    """For a handler: takes tokens out of every line that passes it, and out of what the line says of itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, redacted."""
        record.msg, record.args = redact(record.getMessage()), None
        for name, value in vars(record).items():
            if isinstance(value, str) and name != "msg":
                setattr(record, name, redact(value))
        return True
