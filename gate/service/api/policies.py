"""``GET /v1/policies``: which policies the service holds."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from flask import Response

from gate.errors import UsageFault
from gate.service.api.asked import NAME
from gate.service.api.blueprint import api, told
from gate.service.api.told import PoliciesTold
from gate.service.auth import Role, require
from gate.service.services import services


@api.get("/policies", operation_id="listPolicies", responses={"200": PoliciesTold})
@require(Role.READ)
def list_policies() -> Response:
    """List the policies that the service holds, which a run may be started with by name."""
    allowed = services().settings.policies
    return told({"policies": [{"name": name} for name in names_in(allowed.folder)], "inline": allowed.inline})


def names_in(folder: Path | None) -> list[str]:
    """Return the names of the policies in a folder, as it is now."""
    found = folder.glob("*.yml") if folder else ()
    return sorted(path.stem for path in found if re.fullmatch(NAME, path.stem) and path.is_file())


def named(name: str) -> tuple[str, str]:
    """Return the text of a policy that the service holds, and its path.

    Raises:
        UsageFault: it holds none of that name.
    """
    folder = services().settings.policies.folder
    path = (folder or Path("/nowhere")).absolute() / f"{name}.yml"
    try:
        return path.read_text(encoding="utf-8-sig"), str(path)
    except (OSError, ValueError):
        near = difflib.get_close_matches(name, names_in(folder), n=1)
        hint = f"did you mean {near[0]}?" if near else "GET /v1/policies lists those that the service holds"
        message = f"there is no policy {name!r}"
        raise UsageFault(message, hint=hint) from None
