"""A verdict for people: the terminal, Markdown, a run's story. Pure: every function returns text."""
