"""``GET /v1/policies``: which policies the service holds."""

from __future__ import annotations

from flask import Response

from gate.service.api.blueprint import api, told
from gate.service.api.told import PoliciesTold
from gate.service.auth import Role, require
from gate.service.named import names_in
from gate.service.services import services


@api.get("/policies", operation_id="listPolicies", responses={"200": PoliciesTold})
@require(Role.READ)
def list_policies() -> Response:
    """List the policies that the service holds, which a run may be started with by name."""
    allowed = services().settings.policies
    return told({"policies": [{"name": name} for name in names_in(allowed.folder)], "inline": allowed.inline})
