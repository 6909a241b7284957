"""Search or stream: what is being written is heard on the stream, if wanted; what is older can only be searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import SourceRefused
from gate.model import Check
from gate.sources.bluesky.matching import Query, operators
from gate.sources.bluesky.search import Search
from gate.sources.bluesky.stream import Stream, is_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Fetch, Gone, Request
    from gate.ports import SourceContext
    from gate.sources.bluesky.options import Options

NOTHING_WANTED = "there is nothing to look for"
WRITE_QUERY = "give query, or a release to the policy"


class Source:
    """Posts of Bluesky, by search or on the stream."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked or connected before the first poll."""
        self._options = options
        self._clock = context.clock
        self._query = (options.query or context.release).strip()
        self._search = Search(self._query, options, context)
        self._stream = Stream(Query(self._query), options, context)

    def fetch(self, request: Request) -> Fetch:
        """Return what was written in the asked period and not returned before.

        Raises:
            SourceRefused: Bluesky says no, or the period can only be searched and there is no account for it.
            SourceDown: nothing could be had this time.
        """
        self._make_sure_of_the_query()
        if self._streams(request):
            return self._stream.fetch(request)
        if not self._options.handle:
            message = (
                f"the stream does not reach back to {request.since:%Y-%m-%d %H:%M} UTC, and only accounts may search"
            )
            raise SourceRefused(message, hint="give handle and app_password, or name a baseline.file")
        return self._search.fetch(request)

    def check(self) -> Sequence[Check]:
        """Search for one post, and listen for a moment, whichever is configured."""
        try:
            self._make_sure_of_the_query()
        except SourceRefused as fault:
            return [Check("query", ok=False, detail=fault.message, fix=fault.hint)]
        checks = [*self._search.check()] if self._options.handle else []
        return [*checks, *self._stream.check()] if self._options.stream else checks

    def gone(self, ids: Sequence[str]) -> Gone:
        """Ask which posts were deleted, or their accounts. Raises as ``fetch`` does."""
        if not self._options.handle:
            message = "only accounts may ask for posts by their ids"
            raise SourceRefused(message, hint="give handle and app_password, or purge by age (--older-than)")
        return self._search.gone(ids)

    def close(self) -> None:
        """Close the connections and leave the stream."""
        self._search.close()
        self._stream.close()

    def _streams(self, request: Request) -> bool:
        if not self._options.stream:
            return False
        if request.cursor:
            return is_place(request.cursor)
        return self._clock.now() - request.since <= self._options.replay

    def _make_sure_of_the_query(self) -> None:
        if not self._query:
            raise SourceRefused(NOTHING_WANTED, hint=WRITE_QUERY)
        # The release is not known where options are checked.
        if self._options.stream and (found := operators(self._query)):
            message = f"the release holds {found[0]}, which the stream cannot be asked for"
            raise SourceRefused(message, hint=WRITE_QUERY)
