"""Jobs that GitHub holds until an App has answered for their environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.github_app import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_COMMENTS = 10
LONGEST_COMMENT = 1024


@dataclass
class Waiting:
    """A job that waits for the App."""

    run: int
    environment: str
    comments: list[str] = field(default_factory=list)
    """Progress, beside the review."""
    reviews: list[tuple[str, str]] = field(default_factory=list)
    """State and comment of what was taken: one at most, as the job goes on, or fails, with the first."""

    @property
    def state(self) -> str:
        """How it stands: ``waiting``, ``approved`` or ``rejected``."""
        return self.reviews[0][0] if self.reviews else "waiting"

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a review or a comment.

        Raises:
            Refused: it is malformed, or the job waits no more.
        """
        state, comment = said.get("state"), said.get("comment")
        if not isinstance(said.get("environment_name"), str):
            raise Refused(422, 'Invalid request.\n\n"environment_name" wasn\'t supplied.')
        if set(said) - {"environment_name", "state", "comment"}:
            raise Refused(422, 'Invalid request.\n\nNo subschema in "anyOf" matched.')
        if state not in {None, "approved", "rejected"} or (state is None and not isinstance(comment, str)):
            raise Refused(422, 'Invalid request.\n\nNo subschema in "anyOf" matched.')
        if comment is not None and (not isinstance(comment, str) or len(comment) > LONGEST_COMMENT):
            raise Refused(422, "comment is too long (maximum is 1024 characters)")
        if said["environment_name"] != self.environment or self.reviews:
            raise Refused(422, "There is no pending deployment protection rule for this environment")
        if state:
            self.reviews.append((state, comment or ""))
        elif len(self.comments) >= MOST_COMMENTS:
            raise Refused(422, "The maximum number of status updates (10) has been reached")
        else:
            self.comments.append(str(comment))
