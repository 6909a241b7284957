"""``gate token``."""

from __future__ import annotations

import os
from datetime import timedelta

import click

from gate.cli.parameters import DURATION

ROLES = ("read", "run", "override", "admin")
EXPIRES = timedelta(days=90)

_store = click.option("--store", metavar="URL", help="Run log; default $GATE_STORE, else a SQLite file of yours.")
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON, one object a line.")


@click.group("token", short_help="Make, list and revoke the tokens that the service takes.")
def command() -> None:
    """Make, list and revoke the tokens that the service takes.

    Works on the run log itself, so whoever may write that needs no token.

    \b
    gate token create acme-app-pipeline --role run --repository acme/app
    gate token list
    gate token revoke acme-app-pipeline
    """


@command.command("create", short_help="Make a token, and print it: once.")
@click.argument("name")
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="What it may do; may be repeated."
)
@click.option(
    "--repository", "repositories", metavar="NAME", multiple=True, help="Only runs with this label; default: all."
)
@click.option("--expires", type=DURATION, default=EXPIRES, show_default="90d", help="After so long.")
@click.option("--never-expires", is_flag=True, help="Holds until it is revoked.")
@_store
@_json
def create(  # noqa: PLR0913 - one parameter a property of a token
    name: str,
    *,
    roles: tuple[str, ...],
    repositories: tuple[str, ...],
    expires: timedelta,
    never_expires: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Make a token, and print it: once, as only its hash is kept.

    read: see runs. run: start and cancel them too. override: approve, reject and extend. admin: everything.

    \b
    gate token create acme-app-pipeline --role run --repository acme/app
    gate token create release-managers --role override --role run --expires 30d
    TOKEN=$(gate token create ci --role run)
    """
    from gate.cli.tokens import create as make

    make(name, roles, repositories, None if never_expires else expires, store, os.environ, as_json=as_json)


@command.command("list", short_help="List all tokens there are and were.")
@_store
@_json
def list_(*, store: str | None, as_json: bool) -> None:
    """List all tokens there are and were: who may do what, until when, and when each was last used.

    \b
    gate token list
    gate token list --json | jq 'select(.used_at == null)'
    """
    from gate.cli.tokens import show_all

    show_all(store, os.environ, as_json=as_json)


@command.command("revoke", short_help="End a token, and the sessions opened with it, at once.")
@click.argument("token", metavar="ID|NAME")
@_store
@_json
def revoke(token: str, *, store: str | None, as_json: bool) -> None:
    """End a token, and the sessions opened with it, at once.

    \b
    gate token revoke acme-app-pipeline
    """
    from gate.cli.tokens import revoke as end

    end(token, store, os.environ, as_json=as_json)
