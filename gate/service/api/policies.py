"""``GET /v1/policies``: which policies the service holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response

from gate.service.api.asked import NAME
from gate.service.api.blueprint import api, told
from gate.service.api.told import PoliciesTold
from gate.service.auth import Role, require
from gate.service.services import services

if TYPE_CHECKING:
    from pathlib import Path


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
