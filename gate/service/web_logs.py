"""What gunicorn says, said as everything else of the service."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn import glogging


class Logger(glogging.Logger):  # type: ignore[misc]
    """Hands everything to the logs of this process; requests are logged by the application."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn's
        """Say warnings and worse."""
        self.loglevel = logging.WARNING
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
        self.access_log.propagate = False
        self.cfg = cfg

    def access(self, *_: Any) -> None:  # noqa: ANN401
        """Say nothing."""

    def reopen_files(self) -> None:
        """Hold no file."""

    def close_on_exec(self) -> None:
        """Hold no file."""
