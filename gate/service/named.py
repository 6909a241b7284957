"""The policies that the service holds, which callers choose by name."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from gate.errors import UsageFault
from gate.service.api.asked import NAME


def names_in(folder: Path | None) -> list[str]:
    """Return the names of the policies in a folder, as it is now."""
    found = folder.glob("*.yml") if folder else ()
    return sorted(path.stem for path in found if re.fullmatch(NAME, path.stem) and path.is_file())


def read_named(folder: Path | None, name: str) -> tuple[str, str]:
    """Return the text of a policy, and its path.

    Raises:
        UsageFault: the folder holds none of that name, or there is no folder.
    """
    path = (folder or Path("/nowhere")).absolute() / f"{name}.yml"
    try:
        return path.read_text(encoding="utf-8-sig"), str(path)
    except (OSError, ValueError):
        near = difflib.get_close_matches(name, names_in(folder), n=1)
        hint = f"did you mean {near[0]}?" if near else "GET /v1/policies lists those that the service holds"
        message = f"the service holds no policy {name!r}"
        raise UsageFault(message, hint=hint) from None
