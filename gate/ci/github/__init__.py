"""GitHub Actions: outputs, job summary and annotations of a step, and the identity of the workflow that runs it.

Mentions are written by strangers. What is printed cannot command the runner, as commands are switched off until the
verdict is there; an output is one line behind a random delimiter; the summary is escaped Markdown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gate.ci.github.commands import append, command, delimiter, set_outputs
from gate.ci.outputs import outputs, unknown
from gate.ci.telling import keep, sentence, summary, trouble
from gate.errors import UsageFault
from gate.model import Outcome
from gate.report import content, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.report.content import Report

_TITLE = "Sentiment Gate"


class GitHub:
    """One step of one job."""

    def __init__(self, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """Take the environment that the runner made.

        Args:
            environ: of the process.
            tell: prints a line as it is, after all that was printed before it.

        Raises:
            UsageFault: no runner made it.
        """
        if not environ.get("GITHUB_OUTPUT"):
            message = "this is no step of GitHub Actions: GITHUB_OUTPUT is not set"
            raise UsageFault(message, hint="leave out --ci github on other machines")
        self._environ = environ
        self._tell = tell
        self._resume = ""

    def facts(self) -> dict[str, str]:
        """Return branch or tag, commit and the address of the workflow's run, those that are known."""
        known = {"ref": self._environ.get("GITHUB_REF_NAME", ""), "commit": self._environ.get("GITHUB_SHA", "")}
        return {name: value for name, value in {**known, "workflow_run": self._url()}.items() if value}

    def begin(self) -> None:
        """Switch commands off: https://docs.github.com (stop-commands)."""
        if not self._resume:
            self._resume = delimiter()
            self._tell(command("stop-commands", self._resume))

    def end(self) -> None:
        """Switch commands on again."""
        if self._resume:
            self._tell(command(self._resume))
            self._resume = ""

    def hide(self, secret: str) -> None:
        """Let the log hide a secret. With commands switched off it would be printed instead."""
        muted = bool(self._resume)
        self.end()
        self._tell(command("add-mask", secret))
        if muted:
            self.begin()

    def write(self, report: Report, status: int, *, url: str = "") -> None:
        """Write outputs, summary and one annotation. A disk that is full is told and changes no verdict."""
        self.end()
        told = summary(report, url)
        where = url if safe.link(url) else self._url()
        self._keep(
            {
                **outputs(report),
                "report": keep(self._environ.get("RUNNER_TEMP", ""), report.run, told),
                "run-url": where,
            }
        )
        if file := self._environ.get("GITHUB_STEP_SUMMARY"):
            self._try(lambda: append(Path(file), told), "the job summary")
        order, why = content.headline(report.verdict)
        self._tell(command(_level(report, status), safe.terminal(f"{order} {why}"), title=_TITLE))

    def explain(self, error: Exception) -> None:
        """Write outputs that promote nothing, and an annotation; those of a policy's faults stand at their lines."""
        self.end()
        found = trouble(error)
        for fault in found.faults:
            where = {"file": fault.path, "line": fault.line} if fault.line else {"file": fault.path}
            self._tell(command("error", sentence(fault), title=_TITLE, **where))
        self._keep({**unknown(found.message), "report": "", "run-url": self._url()})
        said = f"No verdict: {safe.terminal(found.message)}"
        said += f" – {safe.terminal(found.hint)}" if found.hint else ""
        self._tell(command("error", said, title=_TITLE))

    def _keep(self, known: dict[str, str]) -> None:
        self._try(lambda: set_outputs(Path(self._environ["GITHUB_OUTPUT"]), known), "the outputs")

    def _try(self, write: Callable[[], None], what: str) -> None:
        try:
            write()
        except OSError as error:
            self._tell(command("warning", f"{what} could not be written: {error.strerror}", title=_TITLE))

    def _url(self) -> str:
        server, repository, run = (
            self._environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        )
        return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def _level(report: Report, status: int) -> str:
    if status:
        return "error"
    return "notice" if report.verdict.outcome in {Outcome.PASS, Outcome.WAITING} else "warning"
