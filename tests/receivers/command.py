"""Programs of users."""

from __future__ import annotations

EXEMPT = "it runs a program and speaks to nobody: tests/actions/test_command.py runs real ones"
