"""Recorded mentions of an invented product and the policy that judges them: the data of ``gate demo``.

Larderlark, its users and every sentence are made up. Two releases lie in the recording: 5.2 on
2026-03-10 at 14:00 UTC (a login loop, crashes, recipes gone) and 5.3 a week later, which is fine.
"""
