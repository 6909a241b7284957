"""Azure Pipelines: ``facts`` of a run, and what a ``step`` is told by ``commands`` in its log.

Nothing is imported here, as every command asks ``facts`` whether it runs there.
"""
