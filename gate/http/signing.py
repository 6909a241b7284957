"""JSON Web Tokens signed with a user's private key: what Apple and Google want to see before they hand out reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

_PEM = "-----BEGIN"


def signed(
    claims: Mapping[str, Any],
    private_key: str,
    *,
    reference: str,
    algorithm: Literal["ES256", "RS256"],
    headers: Mapping[str, Any] | None = None,
) -> str:
    """Return the claims as a signed token (RFC 7519).

    Args:
        claims: its payload; times in whole seconds since 1970.
        private_key: in PEM, its line breaks perhaps written as backslash and n, as many secret stores make them.
        reference: where the key came from, for messages: ``${NAME}``.
        algorithm: RFC 7518's name; the key must be of its kind.
        headers: beside ``alg`` and ``typ``.

    Raises:
        SourceRefused: the key is none, or of another kind; or the library for it is not installed.
    """
    try:
        import jwt
    except ImportError:
        message = "signing with a private key needs the package PyJWT with cryptography"
        raise SourceRefused(message, hint="pip install 'sentiment-gate[reviews]'") from None
    kind = "an elliptic-curve key (P-256)" if algorithm == "ES256" else "an RSA key"
    hint = f"put the whole downloaded key file into {reference}, or name the file in {reference[2:-1]}_FILE"
    try:
        if _PEM in private_key:
            pem = private_key.replace("\\n", "\n")
            return jwt.encode(dict(claims), pem, algorithm=algorithm, headers=dict(headers or {}))
    except Exception:  # noqa: BLE001, S110 - whatever is wrong with a key; raised below, outside, as it may quote the key
        pass
    message = f"what {reference} holds is not {kind} in PEM"
    raise SourceRefused(message, hint=hint)
