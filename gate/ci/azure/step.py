"""What a step of Azure Pipelines is told: variables, issue, summary and progress.

Mentions are written by strangers, and an agent acts on ``##vso[`` wherever it stands in a line. There is no way to switch
that off, so everything that is printed goes through ``gate.report.safe``, which breaks it; values that come after a
command are escaped, and a variable holds nothing that a pipeline would expand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gate.ci.azure import facts
from gate.ci.azure.commands import command, inert
from gate.ci.outputs import outputs, unknown
from gate.ci.telling import keep, sentence, summary, trouble
from gate.errors import UsageFault
from gate.model import Outcome
from gate.report import content, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.report.content import Report


class Azure:
    """One step of one job."""

    def __init__(self, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """Take the environment that the agent made.

        Args:
            environ: of the process.
            tell: prints a line as it is, after all that was printed before it.

        Raises:
            UsageFault: no agent made it.
        """
        if not facts.is_azure(environ):
            message = "this is no step of Azure Pipelines: TF_BUILD is not set"
            raise UsageFault(message, hint="leave out --ci azure on other machines")
        self._environ = environ
        self._tell = tell

    def facts(self) -> dict[str, str]:
        """Return repository, commit, branch and the address of the pipeline's run, those that are known."""
        known = {**facts.labels(self._environ), "pipeline_run": facts.page(self._environ)}
        return {name: value for name, value in known.items() if value}

    def begin(self) -> None:
        """Nothing: an agent always listens; what is printed is harmless."""

    def end(self) -> None:
        """Nothing."""

    def hide(self, secret: str) -> None:
        """Let the log hide a secret."""
        self._tell(command("task.setsecret", secret))

    def progress(self, percent: int, what: str) -> None:
        """Show how far the watch has come."""
        self._tell(command("task.setprogress", safe.terminal(what), value=percent))

    def write(self, report: Report, status: int, *, url: str = "") -> None:
        """Set variables, upload the summary and raise an issue, unless all is well."""
        file = keep(self._environ.get("AGENT_TEMPDIRECTORY", ""), report.run, summary(report, url))
        where = url if safe.link(url) else facts.page(self._environ)
        self._set({**outputs(report), "report": file, "run-url": where})
        if file:
            self._tell(command("task.uploadsummary", file))
        if report.verdict.outcome in {Outcome.PASS, Outcome.WAITING} and not status:
            return
        order, why = content.headline(report.verdict)
        said = safe.terminal(f"Sentiment Gate: {order} {why}")
        self._tell(command("task.logissue", said, type="error" if status else "warning"))
        if not status:
            # Orange on the page of the run: the pipeline goes on, and somebody should look.
            self._tell(command("task.complete", result="SucceededWithIssues"))

    def explain(self, error: Exception) -> None:
        """Set variables that promote nothing, and raise issues; those of a policy's faults stand at their lines."""
        found = trouble(error)
        for fault in found.faults:
            place = {"sourcepath": safe.terminal(fault.path), "linenumber": str(fault.line or "")}
            self._tell(command("task.logissue", sentence(fault), type="error", **place))
        self._set({**unknown(found.message), "report": "", "run-url": facts.page(self._environ)})
        said = f"Sentiment Gate: no verdict: {found.message}" + (f" – {found.hint}" if found.hint else "")
        self._tell(command("task.logissue", safe.terminal(said), type="error"))

    def _set(self, known: Mapping[str, str]) -> None:
        """Set output variables: ``$(gate.decision)`` where the step is called ``gate``."""
        for name, value in known.items():
            self._tell(command("task.setvariable", inert(value), variable=variable(name), isOutput="true"))


def variable(name: str) -> str:
    """Return an output's name as Azure allows it, which takes no hyphen.

    >>> variable("share-before")
    'shareBefore'
    """
    return re.sub(r"-(\w)", lambda found: found[1].upper(), name)
