"""Channels that people read."""

from __future__ import annotations

EXEMPT = "no channel can be asked what it was told: tests/actions/test_notify.py tries it on servers for HTTP and mail"
