"""What a runner of GitHub Actions does around a step: its files, its environment, and how it reads them back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEREDOC = re.compile(r"([^=<]+)<<(.+)")


@dataclass
class Runner:
    """The files of one step."""

    folder: Path

    def __post_init__(self) -> None:
        """Make them, empty, as a runner does."""
        for file in (self.output, self.summary):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    @property
    def output(self) -> Path:
        """Of ``$GITHUB_OUTPUT``."""
        return self.folder / "runner" / "output"

    @property
    def summary(self) -> Path:
        """Of ``$GITHUB_STEP_SUMMARY``."""
        return self.folder / "runner" / "summary.md"

    def environment(self) -> dict[str, str]:
        """Return what a step on GitHub has; no ``INPUT_*``, as a composite action has none there."""
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_REF_NAME": "v1.2.0",
            "GITHUB_SHA": "c0ffee",
            "RUNNER_TEMP": str(self.folder / "runner"),
        }

    def outputs(self) -> dict[str, str]:
        """Read the outputs as the runner does; a file it would refuse is a failure."""
        return parse(self.output.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` and ``NAME<<WORD … WORD``, the last one of a name."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if heredoc := _HEREDOC.fullmatch(line):
            value = []
            for each in lines:
                if each == heredoc[2]:
                    break
                value.append(each)
            else:
                message = f"no end of {heredoc[1]}"
                raise AssertionError(message)
            found[heredoc[1]] = "\n".join(value)
        elif line:
            name, sign, text = line.partition("=")
            assert sign, f"neither NAME=VALUE nor NAME<<WORD: {line!r}"
            found[name] = text
    return found


class Log:
    """Reads a log as the runner does: which commands it would act on."""

    COMMAND = re.compile(r"\s*::([A-Za-z-]+)(?: ([^:]*(?:%3A[^:]*)*))?::(.*)")
    KNOWN = frozenset(
        [
            "set-output",
            "set-env",
            "add-path",
            "add-mask",
            "save-state",
            "debug",
            "notice",
            "warning",
            "error",
            "group",
            "endgroup",
            "echo",
            "add-matcher",
            "remove-matcher",
            "stop-commands",
        ]
    )

    def __init__(self, text: str) -> None:
        """Read it line by line, as the runner splits lines."""
        self.commands: list[tuple[str, str]] = []
        resume = ""
        for line in re.split(r"\r\n|\r|\n", text):
            if resume:
                if line.strip() == f"::{resume}::":
                    resume = ""
                continue
            if "##[" in line:
                self.commands.append(("old", line))
            if (found := self.COMMAND.match(line)) and found[1].lower() in self.KNOWN:
                if found[1].lower() == "stop-commands":
                    resume = found[3]
                else:
                    self.commands.append((found[1].lower(), found[3]))
        assert not resume, "commands stay off for the steps that come after"
