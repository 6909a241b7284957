"""Source ``sql``."""

EXEMPT = "it asks a database and talks no HTTP; tests/sources/test_sql*.py hold it to the same facts on real databases"
