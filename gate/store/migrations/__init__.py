"""How the run log came to be as it is, step by step, both ways; run by Alembic.

``gate.store.tables`` says what the newest schema is; a test holds that these steps lead there from nothing. What a step
did is never changed afterwards: databases out there have taken it.
"""
