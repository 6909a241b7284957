"""What GitHub itself says of its API and its webhooks, out of npm packages that tests install.

``@octokit/openapi`` and ``@octokit/webhooks-schemas`` (both MIT), pinned in ``tests/servers/github_descriptions/``.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from openapi_core import Config, OpenAPI

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

API = "https://api.github.com"


def described(packages: Path, operations: Iterable[tuple[str, str]], ranges: Container[str] = ()) -> OpenAPI:
    """Return what GitHub says of these operations.

    Args:
        packages: what the fixture ``github_packages`` gives.
        operations: method and path of each, as the description writes them.
        ranges: parameters that are one moment by their schema, and by their text a range of the search syntax.
    """
    whole, paths = _api(packages), dict[str, Any]()
    for method, path in operations:
        paths.setdefault(path, {})[method] = whole["paths"][path][method]
    for name, parameter in whole["components"]["parameters"].items():
        if name in ranges:
            assert "search syntax" in parameter["description"]
            parameter["schema"].pop("format", None)
    # Answers of look-alikes hold the fields that we read, and not the dozens beside them.
    _drop_required(whole["components"]["schemas"])
    for path in paths.values():
        for operation in path.values():
            _drop_required(operation["responses"])
    return OpenAPI.from_dict({**whole, "paths": paths}, config=Config(spec_validator_cls=None))


def webhooks(packages: Path) -> dict[str, Any]:
    """Return the schema of all webhooks, each under ``definitions`` as ``EVENT$ACTION``."""
    found: dict[str, Any] = json.loads(
        (packages / "node_modules/@octokit/webhooks-schemas/schema.json").read_text(encoding="utf-8")
    )
    return found


@cache
def _api(packages: Path) -> dict[str, Any]:
    file = packages / "node_modules/@octokit/openapi/generated/api.github.com.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _drop_required(node: Any) -> None:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            del node["required"]
        for each in node.values():
            _drop_required(each)
    elif isinstance(node, list):
        for each in node:
            _drop_required(each)
