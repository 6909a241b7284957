"""Tokens of others, encrypted as long as they are kept: whoever reads the database alone gains nothing."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gate.errors import SourceDown, UsageFault
from gate.policy import resolve_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHORTEST = 32
"""Characters of a key: it is random, as ``openssl rand -hex 32`` makes one, and no password."""
_NONCE = 12
_PURPOSE = b"sentiment-gate: tokens handed over by Azure DevOps"


class Sealer:
    """Encrypts (AES-256-GCM) with the first key, and reads what any of them encrypted. Safe to share between threads."""

    def __init__(self, references: Sequence[str], environ: Mapping[str, str]) -> None:
        """Look the keys up.

        Raises:
            SourceRefused: one is not set.
            UsageFault: one is too short.
        """
        self._ciphers = [AESGCM(_derived(each, resolve_secret(each, environ))) for each in references]

    def seal(self, secret: str, about: str) -> str:
        """Return it encrypted.

        Args:
            secret: what is to be kept.
            about: what it belongs to; for anything else it cannot be read.
        """
        nonce = secrets.token_bytes(_NONCE)
        return b64encode(nonce + self._ciphers[0].encrypt(nonce, secret.encode(), about.encode())).decode()

    def open(self, sealed: str, about: str) -> str:
        """Return it as it was.

        Raises:
            SourceDown: none of the keys is the one it was encrypted with.
        """
        whole = b64decode(sealed)
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(whole[:_NONCE], whole[_NONCE:], about.encode()).decode()
            except InvalidTag:
                continue
        message = "the token that Azure handed over cannot be read with the keys in azure.keys"
        raise SourceDown(message, hint="put the key that was there before second in azure.keys, and restart")


def _derived(reference: str, key: str) -> bytes:
    if len(key) < SHORTEST:
        message = f"the key {reference} is shorter than {SHORTEST} characters"
        raise UsageFault(message, hint="make one with: openssl rand -hex 32")
    # Whatever its form: hexadecimal, base64, or any text.
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(key.encode(errors="surrogateescape"))
