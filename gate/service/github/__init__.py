"""GitHub's custom deployment protection rule: a job waits, GitHub asks, the gate watches and answers.

``webhook`` takes the question in and nothing else, so that GitHub has its 2xx at once. What follows is the worker's:
``rule`` orders the run and tells how it stands, ``calls`` speaks to GitHub as the App. The verdict goes through the
outbox of the run like any callback, so it is sent whatever happens to processes meanwhile.
"""
