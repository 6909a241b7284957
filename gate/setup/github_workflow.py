"""The workflow that ``gate setup github`` writes: a few users first, the gate, everybody, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gate.setup.github_app import Plan

PATH = ".github/workflows/gated-release.yml"
CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"

_CHECKED_OUT = f"""\
    permissions:
      contents: read # to check out a private repository
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
"""
_TEXT = """\
# Written by `gate setup github`; yours from now on. What you must write is marked with TODO.
name: Gated release

on:
  workflow_dispatch:

permissions: {{}}

# One release at a time: two at once could not be told apart by what users write.
concurrency:
  group: gated-release
  cancel-in-progress: false

jobs:
  canary:
    name: Deploy to a few users
    runs-on: ubuntu-latest
    timeout-minutes: 30
    environment: {canary}
{checked_out}      - run: echo "TODO deploy this commit to a few users"

  # GitHub holds this job until the gate has heard those users; no runner waits meanwhile.
  production:
    name: Deploy to everybody
    needs: canary
    runs-on: ubuntu-latest
    timeout-minutes: 30
    environment: {environment}
{checked_out}      - run: echo "TODO deploy this commit to everybody"

  # Whenever the job before failed: as the gate rejected it, or as it broke by itself. For the first alone see
  # docs/github-protection.md of Sentiment Gate, "Roll back".
  roll-back:
    name: Take it back
    needs: [canary, production]
    if: ${{{{ !cancelled() && needs.canary.result == 'success' && needs.production.result == 'failure' }}}}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    environment: {canary}
{checked_out}      - run: echo "TODO deploy the last good release again"
"""


def workflow(plan: Plan) -> str:
    """Return its text."""
    return _TEXT.format(canary=plan.canary, environment=plan.environment, checked_out=_CHECKED_OUT)
