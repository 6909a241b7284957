"""What Azure Pipelines says of a run in the environment of its steps.

https://learn.microsoft.com/azure/devops/pipelines/build/variables
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

LABELS = {"repository": "BUILD_REPOSITORY_NAME", "commit": "BUILD_SOURCEVERSION", "ref": "BUILD_SOURCEBRANCHNAME"}
"""Label to the variable that is set in every job."""


def is_azure(environ: Mapping[str, str]) -> bool:
    """Whether an agent of Azure Pipelines started us."""
    return environ.get("TF_BUILD", "").lower() == "true"


def labels(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what is known of the run, by which people find it again."""
    return {label: environ[name] for label, name in LABELS.items() if environ.get(name)}


def page(environ: Mapping[str, str]) -> str:
    """Return the address of the release or the pipeline's run; empty outside of one."""
    if address := environ.get("RELEASE_RELEASEWEBURL"):
        return address
    names = ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID")
    collection, project, build = (environ.get(name, "") for name in names)
    if not (collection and project and build):
        return ""
    return f"{collection.rstrip('/')}/{quote(project, safe='')}/_build/results?buildId={build}"
