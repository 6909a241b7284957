"""``gate schema``."""

from __future__ import annotations

import click


@click.command("schema", short_help="Print the JSON Schema of gate.yml.")
def command() -> None:
    """Print the JSON Schema of gate.yml, for completion and checks in an editor.

    \b
    gate schema > gate.schema.json
    # then, in the first line of gate.yml:
    # yaml-language-server: $schema=gate.schema.json
    """
    import json

    from gate.cli.terminal import show
    from gate.policy import json_schema

    show(json.dumps(json_schema(), indent=2))
