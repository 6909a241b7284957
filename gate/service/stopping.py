"""That the process is told to stop, for whatever would wait on."""

from __future__ import annotations

import threading

STOPPING = threading.Event()
