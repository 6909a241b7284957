"""The sections of ``service.yml``. A field's docstring is what its reference says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gate.errors import UsageFault
from gate.http.destinations import Allowed
from gate.policy import parse_duration
from gate.policy.secrets import REFERENCE


def _duration(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    return parse_duration(value) if isinstance(value, str) else value


_NO_HOST: Final = "no_host"


def _host(value: str) -> str:
    try:
        Allowed.parse(value)
    except UsageFault as fault:
        told = {"message": fault.message, "hint": fault.hint}
        raise PydanticCustomError(_NO_HOST, "{message}", told) from fault
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
"""``30d``, ``15m``."""
Reference = Annotated[str, StringConstraints(pattern=REFERENCE)]
"""``${NAME}``: a secret is never written into the file."""
AllowedHost = Annotated[str, AfterValidator(_host)]
"""Where callbacks may go; see ``gate.http.destinations``."""
Organization = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*[^/\s?#])?$", max_length=500)]
RoleName = Literal["read", "run", "override", "admin"]


class Section(BaseModel):
    """Unknown keys are faults; nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Policies(Section):
    """Which policies runs may have."""

    folder: Path | None = None
    """Named policies: ``NAME.yml`` in it is what callers call ``NAME``. They may do everything. Starts where the file is."""
    inline: bool = True
    """Whether callers may send the text of a policy."""
    variables: tuple[str, ...] = ()
    """Environment variables that inline policies may name as ``${NAME}``; a caller can have each sent to any public address."""
    local: bool = False
    """Whether inline policies may name files, databases and models of this machine, and run programs on it."""
    private_addresses: bool = False
    """Whether sources of inline policies may be on private addresses."""


class Callbacks(Section):
    """Where the service may send verdicts."""

    hosts: tuple[AllowedHost, ...] = ()
    """``HOST``, ``HOST:PORT``, ``http://HOST``, ``HOST=NETWORK``; nothing is sent elsewhere. See docs/service.md."""
    variables: tuple[str, ...] = ()
    """Environment variables that callbacks may name as ``${NAME}``: what signs them is sent to nobody."""


class GitHubRepository(Section):
    """A repository whose workflows may call without a stored secret."""

    id: int
    """``repository_id``: names can be taken over by others, this cannot."""
    name: str
    """``owner/name``, which its runs are labelled with."""
    refs: tuple[str, ...] = ()
    """Only from these, e.g. ``refs/heads/main``; any if empty."""
    environments: tuple[str, ...] = ()
    """Only from these deployment environments; any if empty."""
    roles: tuple[RoleName, ...] = ("read", "run")


class GitHubRule(Section):
    """A repository whose environments wait for the gate: those where the App is ticked as a protection rule."""

    id: int
    """``repository_id``: names can be taken over by others, this cannot."""
    name: str
    """``owner/name``, which its runs are labelled with."""
    environments: tuple[str, ...] = ()
    """Which of them this entry is about; any if empty. The first entry that fits counts."""
    policy: str = Field(default="", pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of a policy that the service holds; ``.github/gate.yml`` at the deployed commit if empty."""


class GitHubApp(Section):
    """The App as which the service answers deployments that wait; see docs/github-protection.md."""

    id: int | str
    """App ID, or client ID."""
    private_key: Reference
    """As downloaded from the App's page, PEM."""
    webhook_secrets: tuple[Reference, ...] = Field(min_length=1, max_length=2)
    """What GitHub signs with; two while one takes the place of the other."""
    api: str = Field(default="https://api.github.com", pattern=r"^https?://[^/\s?#]+(/[^\s?#]*[^/\s?#])?$")
    """``https://HOST/api/v3`` on GitHub Enterprise Server, ``https://api.SUB.ghe.com`` on GHE.com."""
    deadline: Duration = Field(default=timedelta(days=29), lt=timedelta(days=30))
    """So long after a job began to wait it is answered at the latest: GitHub itself waits 30 days."""
    rules: tuple[GitHubRule, ...] = ()


class GitHub(Section):
    """Workflows of GitHub Actions, known by the token that GitHub gives them."""

    audience: str = ""
    """That tokens must be made for; ``public_url`` if empty. No other service's: it could use our callers' tokens here."""
    issuer: str = "https://token.actions.githubusercontent.com"
    repositories: tuple[GitHubRepository, ...] = ()
    app: GitHubApp | None = None


class Azure(Section):
    """Azure DevOps, whose checks wait for the service; see docs/azure-check.md."""

    organizations: tuple[Organization, ...] = Field(min_length=1)
    """Whose checks are answered, e.g. ``https://dev.azure.com/acme``, or a collection of a server; nothing is sent elsewhere."""
    keys: tuple[Reference, ...] = Field(min_length=1, max_length=2)
    """What encrypts the tokens that Azure hands over, until they are used; two while the first takes the place of the other."""


class Login(Section):
    """People who log in by an OpenID provider."""

    issuer: str
    client_id: str
    client_secret: Reference
    claim: str = "groups"
    """Of the identity token, which says who may do what."""
    roles: dict[str, tuple[RoleName, ...]] = Field(default_factory=dict)
    """From a value of that claim to roles; ``*`` for everybody who can log in."""


class Limits(Section):
    """What one caller may take."""

    body: int = Field(default=1_000_000, ge=1_000, le=10_000_000)
    """Bytes of a request."""
    requests_per_minute: int = Field(default=1_200, ge=1)
    """Of one token."""
    streams: int = Field(default=16, ge=0, le=1_000)
    """Event streams open at a time; each holds a thread of its own, beside those that answer everything else."""
    stream_length: Duration = timedelta(minutes=15)
    """After so long a stream ends, for the reader to take it up again."""


class Retention(Section):
    """How long what people wrote is kept; see ``gate purge``."""

    text: Duration = timedelta(days=30)
    """What people wrote, where a policy keeps it at all."""
    sessions: Duration = timedelta(hours=12)
    """Of people who logged in to the page."""


class Metrics(Section):
    """``/metrics``."""

    open: bool = False
    """Whether anybody may read them; otherwise they need a token."""
