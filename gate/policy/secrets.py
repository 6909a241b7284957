"""Secrets stay out of gate.yml: a policy holds ``${NAME}``, the environment holds the value."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"
"""As a regular expression that JSON Schema and Python read alike."""
REDACTED = "(hidden: it looks like a secret)"

_LARGEST = 64 * 1024
"""Bytes; more in a secret's file is a wrong file."""

# What tokens look like is public: each issuer documents its prefix so that scanners find leaked ones.
_SECRETS = re.compile(
    r"""
    A{9,}[A-Za-z0-9%+/=_-]{20,}                   # X bearer token
    | (?<![A-Za-z0-9])(?:
        sgate_[A-Za-z0-9]{16,}                    # our own service
        | gh[opsur]_[A-Za-z0-9][A-Za-z0-9_.-]{15,}  # GitHub; of an App with its id and dots in it, and of any length
        | github_pat_[A-Za-z0-9_]{16,}
        | glpat-[A-Za-z0-9_-]{16,}                # GitLab
        | xox[a-z]-[A-Za-z0-9-]{8,}               # Slack
        | sk-[A-Za-z0-9_-]{16,}                   # OpenAI and others
        | A[KS]IA[A-Z0-9]{16}                     # AWS
        | AIza[A-Za-z0-9_-]{35}                   # Google
        | eyJ[A-Za-z0-9_-]{8,500}\.[A-Za-z0-9_.-]*  # JSON Web Token
        | [Bb]earer\ +[A-Za-z0-9%+/=._-]{20,}
      )
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY
    | hooks\.slack\.com/services/\w
    | discord(?:app)?\.com/api/webhooks/\w
    | ://[^/\s:@"',]*:[^/\s@"',]+@                     # user:password in a URL
    """,
    re.VERBOSE,
)


def looks_like_secret(text: str) -> bool:
    """Whether the text holds something shaped like a token, a private key or a password in a URL."""
    return _SECRETS.search(text) is not None


def secrets_in(text: str) -> set[str]:
    """Return every such part of the text."""
    return {found[0] for found in _SECRETS.finditer(text)}


def hide_secrets(text: str) -> str:
    """Return the text with a note in place of every such part, for logs."""
    return _SECRETS.sub(REDACTED, text)


def references(options: Any) -> list[str]:  # noqa: ANN401 - any plug's options
    """Return the secrets that a plug's options refer to."""
    values = (getattr(options, each.name) for each in fields(options))
    return [value for value in values if isinstance(value, str) and re.fullmatch(REFERENCE, value)]


def resolve_secret(reference: str, environ: Mapping[str, str]) -> str:
    """Return the value behind ``${NAME}``: the variable NAME, or the content of the file that NAME_FILE names.

    A file is how Docker and Kubernetes hand secrets over. Space around the value is cut off.

    Raises:
        SourceRefused: neither is set, both are empty, or the file cannot be read. Never names the value.
    """
    if not re.fullmatch(REFERENCE, reference):
        message = "a secret is given as a reference, ${NAME}"
        raise SourceRefused(message, hint="put the secret into the environment and its name into gate.yml")
    name = reference[2:-1]
    value = environ.get(name, "").strip()
    if value:
        return value
    path = environ.get(f"{name}_FILE", "").strip()
    if path:
        return _from_file(name, Path(path))
    what = "is empty" if name in environ else "is not set"
    message = f"secret {name} {what}, and neither is {name}_FILE" if what == "is not set" else f"secret {name} {what}"
    raise SourceRefused(message, hint=_how_to_set(name))


def _from_file(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            value = file.read(_LARGEST + 1)
        text = value.decode().strip()
    except OSError as error:
        message = f"secret {name}: the file {path} that {name}_FILE names cannot be read: {error.strerror or error}"
        raise SourceRefused(message, hint=_how_to_set(name)) from error
    except ValueError as error:
        message = f"secret {name}: the file {path} that {name}_FILE names is not UTF-8 text"
        raise SourceRefused(message, hint=_how_to_set(name)) from error
    if not text or len(value) > _LARGEST:
        message = f"secret {name}: the file {path} that {name}_FILE names is {'too large' if text else 'empty'}"
        raise SourceRefused(message, hint=_how_to_set(name))
    return text


def _how_to_set(name: str) -> str:
    return f"set the environment variable {name}, or {name}_FILE to the path of a file that holds it"
