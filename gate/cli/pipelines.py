"""The CI system that a command runs inside, and what it is told."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from gate.ci.azure.facts import is_azure
from gate.cli import remote
from gate.cli.terminal import Unheard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.ci.azure.step import Azure
    from gate.ci.github import GitHub
    from gate.client import Client

    System = GitHub | Azure

NONE = "none"
option = click.option(
    "--ci",
    "system",
    type=click.Choice(["github", "azure", NONE]),
    help="Tell this system, too: outputs, summary, annotation.  [default: azure in Azure Pipelines, else none]",
)


@contextmanager
def telling(system: str | None, environ: Mapping[str, str]) -> Iterator[System | None]:
    """Give the system while the block runs; where that ends with an error, the system is told why.

    Raises:
        UsageFault: this is no step of that system.
    """
    ci = _system(system, environ)
    if ci is None:
        yield None
        return
    ci.begin()
    try:
        yield ci
    except Exception as error:
        ci.explain(error)
        raise
    finally:
        ci.end()


def _system(named: str | None, environ: Mapping[str, str]) -> System | None:
    if named == "github":
        from gate.ci.github import GitHub

        return GitHub(environ, _tell)
    # Azure's commands are lines that a person may read over, and nobody there writes --ci into a script of one line.
    if named == "azure" or (named is None and is_azure(environ)):
        from gate.ci.azure.step import Azure

        return Azure(environ, _tell)
    return None


def connect(ci: System | None, url: str | None, token: str | None, audience: str | None) -> Client:
    """Return a client of the service: by the token that is stored, or by the identity of the workflow.

    Raises:
        UsageFault: it is not said which service, or there is neither a token nor an identity.
    """
    from gate.ci.github import GitHub

    stored = token or os.environ.get("GATE_TOKEN") or os.environ.get("GATE_TOKEN_FILE")
    if stored or not isinstance(ci, GitHub):
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
