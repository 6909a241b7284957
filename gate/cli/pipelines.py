"""The CI system that a command runs inside, and what it is told."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from gate.cli import remote
from gate.cli.terminal import Unheard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.ci.github import GitHub
    from gate.client import Client

option = click.option(
    "--ci", "system", type=click.Choice(["github"]), help="Tell this system, too: outputs, job summary, annotation."
)


@contextmanager
def telling(system: str | None, environ: Mapping[str, str]) -> Iterator[GitHub | None]:
    """Give the system while the block runs; where that ends with an error, the system is told why.

    Raises:
        UsageFault: this is no step of that system.
    """
    if system is None:
        yield None
        return
    from gate.ci.github import GitHub

    ci = GitHub(environ, _tell)
    ci.begin()
    try:
        yield ci
    except Exception as error:
        ci.explain(error)
        raise
    finally:
        ci.end()


def connect(ci: GitHub | None, url: str | None, token: str | None, audience: str | None) -> Client:
    """Return a client of the service: by the token that is stored, or by the identity of the workflow.

    Raises:
        UsageFault: it is not said which service, or there is neither a token nor an identity.
    """
    if ci is None or token or os.environ.get("GATE_TOKEN") or os.environ.get("GATE_TOKEN_FILE"):
        return remote.connect(url, token)
    from gate.ci.github.identity import Identity
    from gate.client import Client
    from gate.clock import SystemClock

    where = remote.address(url)
    identity = Identity(os.environ, audience or where.rstrip("/"), SystemClock(), ci.hide)
    return Client(where, identity.token)


def _tell(line: str) -> None:
    # On standard error, as standard output may be JSON; what was printed before must not be read after it.
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    stream = Unheard(sys.stderr)
    stream.write(f"{line}\n")
    stream.flush()
