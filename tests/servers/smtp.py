"""A mail server on 127.0.0.1 that keeps what it is given, and can refuse it."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from email.message import EmailMessage


class MailServer:
    """Serves until the ``with`` block is left."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[EmailMessage] = []
        self.refuses = ""
        """What is answered to a message in place of taking it, e.g. ``550 no``."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(socketserver.StreamRequestHandler):
    owner: MailServer

    def handle(self) -> None:
        """Speak as much of SMTP (RFC 5321) as it takes to be given a message."""
        self._say("220 mail.example ESMTP")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                self._take()
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 mail.example" if word in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET"} else "502 no")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not self.owner.refuses:
            self.owner.messages.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self._say(self.owner.refuses or "250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
