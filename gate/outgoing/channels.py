"""Channels that people read, by Apprise: chats, mail and a hundred others, each behind an address that is a secret.

Apprise waits as long as a server lets it, and tells its log, and urllib3 its own, whole addresses. So it works in a thread
that is left behind when the time is up, and what libraries log there is heard by nobody but us.
"""

from __future__ import annotations

import logging
import re
import tempfile
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gate.errors import SourceDown, SourceRefused
from gate.http import CutOff, go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta
    from types import ModuleType
    from typing import Any

Tone = Literal["success", "warning", "failure"]
_TALKATIVE = ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "requests_oauthlib", "oauthlib", "MARKDOWN")
_STATUS = re.compile(r"\berror=(\d{3})\b")
_PASSING = {408, 421, 425, 429}
"""Refusals that are none: not now."""
PICTURE = "sentiment-gate.png"


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told."""

    title: str
    text: str
    tone: Tone
    markdown: bool = False
    """Whether the text is GitHub-flavoured Markdown; else it is plain."""
    picture: bytes = b""
    """A PNG; empty for none."""


class Channel:
    """One channel, not asked yet."""

    def __init__(self, address: str, reference: str) -> None:
        """Find out what it is.

        Args:
            address: as Apprise writes it.
            reference: where that came from, for messages: ``${NAME}``.

        Raises:
            SourceRefused: it is no such address, or Apprise is not installed.
        """
        self._reference = reference
        self._apprise = _library()
        # It loads all its plug-ins now, some of which Python warns of.
        with _hushed(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = self._apprise.Apprise.instantiate(address, asset=_asset(self._apprise))
        if made is None:
            message = f"what {reference} holds is no address of a channel that Apprise knows, or lacks a part"
            raise SourceRefused(
                message, hint="one address, e.g. slack://… or mailto://…: see the list at appriseit.com"
            )
        self._made = made
        self.name = str(made.service_name)
        """Of the service, e.g. ``Slack``."""

    @property
    def takes_pictures(self) -> bool:
        """Whether anything can be attached."""
        return bool(self._made.attachment_support)

    def send(self, notice: Notice, within: timedelta) -> bool:
        """Send it once, and say whether its picture went with it.

        Raises:
            SourceRefused: the channel says no.
            SourceDown: it did not say that it has it.
            Cancelled: the process was told to stop.
        """
        heard = _Heard()
        took = _in_time(lambda: self._send(notice, heard), within.total_seconds())
        if took is None:
            message = f"{self.name}: no answer in time"
            raise SourceDown(message, hint=f"see whether this machine reaches what {self._reference[2:-1]} holds")
        if took:
            return bool(notice.picture) and self.takes_pictures and not heard.no_files
        status = heard.status
        message = f"{self.name} did not take the notice" + (f" ({status})" if status else "")
        if 300 <= status < 500 and status not in _PASSING:  # noqa: PLR2004 - of HTTP
            hint = f"put a valid address of the channel into {self._reference[2:-1]}: it may be revoked or mistyped"
            raise SourceRefused(message, hint=hint)
        raise SourceDown(message, hint=f"try it by hand with what {self._reference[2:-1]} holds")

    def _send(self, notice: Notice, heard: _Heard) -> bool:
        made, marked = self._made, type(self._made).mark_delivered

        def mark(*key: object, **more: object) -> None:
            heard.words_taken = True
            marked(made, *key, **more)

        # Apprise's plug-ins call it for each part that was taken.
        made.mark_delivered = mark
        with _hushed(heard), tempfile.TemporaryDirectory(prefix="gate-notice-") as folder:
            told = self._apprise.Apprise(asset=self._made.asset)
            told.add(self._made)
            picture = Path(folder) / PICTURE
            picture.write_bytes(notice.picture)
            attached = {"attach": str(picture)} if notice.picture and self.takes_pictures else {}

            def notify(**more: str) -> bool:
                return bool(
                    told.notify(
                        body=notice.text,
                        title=notice.title,
                        notify_type=self._apprise.NotifyType(notice.tone),
                        body_format="markdown" if notice.markdown else "text",
                        **more,
                    )
                )

            if notify(**attached):
                return True
            if not (attached and heard.words_taken):
                return False
            # Words and files go one after the other: only the files were refused, and would be each time from now on.
            heard.no_files, heard.status = True, 0
            return notify()


def _library() -> ModuleType:
    try:
        import apprise
    except ImportError:
        message = "to tell people needs Apprise, which is not installed"
        raise SourceRefused(message, hint="pip install 'sentiment-gate[notify]'") from None
    return apprise


def _asset(apprise: ModuleType) -> Any:  # noqa: ANN401 - Apprise's own
    return apprise.AppriseAsset(
        app_id="Sentiment Gate",
        app_desc="Sentiment Gate",
        app_url="",
        # Pictures from elsewhere that each reader's machine would fetch.
        image_url_mask="",
        image_url_logo="",
        # The address holds credentials: nowhere else.
        http_redirects=False,
        secure_logging=True,
        allow_templates=False,
        # In our thread, and for as long as we wait.
        async_mode=False,
        service_timeout=0,
    )


@dataclass(slots=True)
class _Heard:
    """What libraries let slip of what they return as false."""

    status: int = 0
    """Of HTTP; 0 without one."""
    no_files: bool = False
    """Whether the channel takes files, but not behind this address."""
    words_taken: bool = False
    """Whether a part of the notice was taken."""


class _Hush(logging.Filter):
    """Keeps to itself what libraries log in this thread, and hears what we must know of it."""

    def __init__(self, heard: _Heard) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._heard = heard

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop it, if it is of this thread."""
        if record.thread != self._thread:
            return True
        said = record.getMessage()
        if found := _STATUS.search(said):
            self._heard.status = int(found[1])
        self._heard.no_files |= "not support attachments" in said
        return False


@contextmanager
def _hushed(heard: _Heard | None = None) -> Iterator[None]:
    hush = _Hush(heard or _Heard())
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    for each in loggers:
        each.addFilter(hush)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(hush)


def _in_time(work: Callable[[], bool], seconds: float) -> bool | None:
    """Return what it comes to; None if it took too long. What Apprise breaks at counts as not taken.

    Raises:
        Cancelled: the process was told to stop.
    """
    over, came_to = threading.Event(), [False]

    def run() -> None:
        try:
            came_to[0] = work()
        except Exception as bug:  # noqa: BLE001 - whatever a plug-in of Apprise does; its words may hold the address
            logging.getLogger(__name__).warning("what sends notices broke: %s", type(bug).__name__)
        finally:
            over.set()

    thread = threading.Thread(target=run, name="notice", daemon=True)
    cut = CutOff(seconds, over.set)
    with cut:
        thread.start()
        over.wait()
    go_on()
    return None if cut.fired and thread.is_alive() else came_to[0]
