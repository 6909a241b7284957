"""Source ``file``."""

EXEMPT = "it reads a file and talks to no server; tests/sources/test_file*.py hold it to the same facts"
