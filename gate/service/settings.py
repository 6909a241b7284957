"""``service.yml`` and the environment → ``Settings``: every fault at once, each with its line and the next step."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from gate.errors import Fault, PolicyFault, SourceRefused, UsageFault
from gate.policy.reading import LARGEST_FILE, read
from gate.policy.secrets import REFERENCE, looks_like_secret, resolve_secret
from gate.service.sections import (
    Azure,
    Callbacks,
    GitHub,
    Limits,
    Login,
    Metrics,
    Policies,
    Reference,
    Retention,
    Section,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

    from gate.policy.reading import Document

VARIABLES: dict[str, tuple[str, ...]] = {
    "GATE_LISTEN": ("listen",),
    "GATE_STORE": ("store",),
    "GATE_PUBLIC_URL": ("public_url",),
    "GATE_POLICIES": ("policies", "folder"),
    "GATE_CALLBACK_HOSTS": ("callbacks", "hosts"),
    "GATE_WORKER": ("worker",),
    "GATE_RUNS": ("runs",),
    "GATE_LOG": ("log",),
}
"""Environment variables that stand over the file, and what they set. Several hosts are parted by blanks."""
FILE = "GATE_SERVICE"
"""Names the file."""


class Settings(Section):
    """Of one service."""

    version: Literal[1] = 1
    """Of the form of this file."""
    listen: str = Field(default="127.0.0.1:8080", pattern=r"^(unix:/.+|.*:\d{1,5})$")
    """``HOST:PORT``."""
    public_url: str = Field(default="", pattern=r"^(https?://[^/\s?#]+(/[^\s?#]*)?)?$")
    """As others see the service, e.g. ``https://gate.example.com``: for links, and for the login's way back."""
    proxies: int = Field(default=0, ge=0, le=5)
    """Reverse proxies in front whose ``X-Forwarded-*`` are believed."""
    store: str | Reference | None = None
    """URL of the run log, or ``${NAME}``; default ``$GATE_STORE``, else a SQLite file of the user."""
    worker: str = ""
    """Name of the worker; the machine's if empty."""
    runs: int = Field(default=2_000, ge=1)
    """Most runs a worker watches at a time."""
    log: Literal["text", "json"] = "text"
    """Form of the logs."""
    policies: Policies = Policies()
    callbacks: Callbacks = Callbacks()
    github: GitHub = GitHub()
    azure: Azure | None = None
    login: Login | None = None
    limits: Limits = Limits()
    retention: Retention = Retention()
    metrics: Metrics = Metrics()

    def store_url(self, environ: Mapping[str, str]) -> str | None:
        """Return where the run log is, as ``open_store`` takes it.

        Raises:
            SourceRefused: it is a reference to a variable that is not set.
        """
        if self.store and self.store.startswith("${"):
            return resolve_secret(self.store, environ)
        return self.store

    def audience(self) -> str:
        """Return whom GitHub's tokens must be for.

        Raises:
            UsageFault: nobody says.
        """
        if found := self.github.audience or self.public_url:
            return found
        message = "workflows' tokens need an audience"
        raise UsageFault(message, hint="write the service's address into service.yml: public_url: https://…")

    def check(self, environ: Mapping[str, str]) -> None:
        """See that there is what the web server cannot be without.

        Raises:
            UsageFault: a secret is not set or too short, or nobody says whom GitHub's tokens must be for.
        """
        if self.github.repositories:
            self.audience()
        needed = [*([self.login.client_secret] if self.login else []),
                  *(self.github.app.webhook_secrets if self.github.app else ())]  # fmt: skip
        try:
            for reference in needed:
                resolve_secret(reference, environ)
            if self.azure:
                from gate.service.azure.sealing import Sealer

                Sealer(self.azure.keys, environ)
        except SourceRefused as fault:
            raise UsageFault(fault.message, hint=fault.hint) from None


def of_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings of this process: the file that ``$GATE_SERVICE`` names, and what stands over it."""
    return load(Path(environ[FILE]) if environ.get(FILE) else None, environ)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        path: of ``service.yml``; without one all is as its defaults say.
        environ: what stands over the file; see ``VARIABLES``.

    Raises:
        UsageFault: there is no such file.
        PolicyFault: something in it is wrong; holds every fault.
    """
    document = _document(path)
    for name, place in VARIABLES.items():
        if value := environ.get(name, "").strip():
            document.override(place, tuple(value.split()) if name == "GATE_CALLBACK_HOSTS" else value, f"${name}")
    faults = [
        Fault(document.path, line, ".".join(map(str, place)), message, hint)
        for place, line, message, hint in document.faults
    ]
    faults += [
        Fault(document.path, document.line(place), ".".join(map(str, place)), "holds a secret", "write ${NAME} for it")
        for place, value in _leaves(document.value)
        if isinstance(value, str) and looks_like_secret(value) and place not in document.overridden
    ]
    try:
        settings = Settings.model_validate(document.value)
    except ValidationError as error:
        faults += [_fault(each, document) for each in error.errors(include_url=False, include_input=False)]
    else:
        if not faults:
            return settings if ("policies", "folder") in document.overridden else _at_home(settings, path)
    raise PolicyFault(tuple(sorted(faults, key=lambda fault: fault.line)), hint="docs/api.md lists every setting")


def _at_home(settings: Settings, path: Path | None) -> Settings:
    """Let the folder of policies start where the file is, wherever the service is started."""
    folder = settings.policies.folder
    if path is None or folder is None:
        return settings
    policies = settings.policies.model_copy(update={"folder": path.absolute().parent / folder})
    return settings.model_copy(update={"policies": policies})


def _document(path: Path | None) -> Document:
    if path is None:
        return read("version: 1", "the environment")
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE).decode("utf-8-sig")
    except OSError as error:
        message = f"cannot read the settings {path}: {error.strerror}"
        raise UsageFault(message, hint="give the path of a readable file with --config") from error
    except ValueError as error:
        message = f"the settings {path} are not UTF-8 text"
        raise UsageFault(message, hint="save them as UTF-8") from error
    return read(text, str(path))


def _fault(error: ErrorDetails, document: Document) -> Fault:
    # Of a choice, pydantic names the branch it tried; that is no place in the file.
    place = tuple(part for part in error["loc"] if part != "constrained-str")
    message, hint = error["msg"].removeprefix("Value error, "), error.get("ctx", {}).get("hint", "")
    if error["type"] == "extra_forbidden":
        known = _known(place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        message, hint = "unknown key", f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    elif error["type"] == "string_pattern_mismatch" and error.get("ctx", {}).get("pattern") == REFERENCE:
        message, hint = "must name a variable of the environment", "write ${NAME} for it"
    # Of a list that a variable gave, the fault is in one of its items.
    above = (document.overridden.get(place[:length]) for length in range(len(place), 0, -1))
    variable = next(filter(None, above), "")
    return Fault(variable or document.path, 0 if variable else document.line(place), ".".join(map(str, place)),
                 message[:1].lower() + message[1:], hint)  # fmt: skip


def _known(place: Sequence[str | int]) -> list[str]:
    """Return the keys that may stand there."""
    model: Any = Settings
    for part in place:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            annotation = model.model_fields[part].annotation
            model = next(
                (each for each in (annotation, *getattr(annotation, "__args__", ())) if _is_section(each)), None
            )
    return list(getattr(model, "model_fields", {}))


def _is_section(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Section)


def _leaves(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*place, key))]
    if isinstance(value, tuple):
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, (*place, index))]
    return [(place, value)]
