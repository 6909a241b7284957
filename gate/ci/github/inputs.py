"""The inputs of the action: from what a workflow says to the words of one command.

A runner enforces nothing of what ``action.yml`` says of inputs, so they are checked here. They come by ``env:``, as an
input that stands in a script is a script; a composite action gets no ``INPUT_*`` on GitHub, whatever other runners do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "GATE_ACTION_"

_WATCHING = ("window", "baseline", "scorer", "stream", "dry-run", "keep-text", "evidence")
"""Only for a job that watches itself: on a service, the policy says it."""
_SERVICE = ("policy-name", "audience", "token", "wait", "timeout")
"""Only with a service."""
_SWITCHES = ("dry-run", "keep-text", "wait")


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs that are not empty, by the names that workflows write."""
    named = {
        name.removeprefix(PREFIX).lower().replace("_", "-"): value.strip()
        for name, value in environ.items()
        if name.startswith(PREFIX)
    }
    return {name: value for name, value in named.items() if value}


def words(inputs: Mapping[str, str], facts: Mapping[str, str]) -> list[str]:
    """Return the command that the inputs mean: ``gate check``, or with a service ``gate start``.

    Args:
        inputs: as ``given`` returns them.
        facts: by which people find the run on a service; labels of the workflow stand over them.

    Raises:
        UsageFault: they contradict each other, or a switch is neither true nor false.
    """
    for name in _SWITCHES:
        if inputs.get(name, "true") not in {"true", "false"}:
            message = f"the input {name} is {inputs[name]!r}"
            raise UsageFault(message, hint="write true or false")
    with_service = "service" in inputs
    for name in _WATCHING if with_service else _SERVICE:
        if name in inputs and not (name in _SWITCHES and inputs[name] == _DEFAULTS[name]):
            raise _misplaced(name, with_service=with_service)
    return [*(_start(inputs, facts) if with_service else _check(inputs))]


_DEFAULTS = {"dry-run": "false", "keep-text": "false", "wait": "true"}


def _check(inputs: Mapping[str, str]) -> Iterator[str]:
    yield from ("check", "--ci=github")
    yield from _options(inputs, "policy", "deployed-at", "release", "window", "baseline", "scorer", "stream")
    for name, value in _labels(inputs.get("labels", "")):
        yield f"--label={name}={value}"
    for name in ("dry-run", "keep-text"):
        if inputs.get(name) == "true":
            yield f"--{name}"
    if "evidence" in inputs:
        # A runner of one's own may still hold the last run's.
        yield from (f"--evidence={inputs['evidence']}", "--force")


def _start(inputs: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[str]:
    yield from ("start", "--ci=github")
    yield from _options(inputs, "service", "audience", "policy", "policy-name", "deployed-at", "release")
    for name, value in {**facts, **dict(_labels(inputs.get("labels", "")))}.items():
        yield f"--label={name}={value}"
    if inputs.get("wait", "true") == "true":
        yield "--wait"
        yield from _options(inputs, "timeout")


def _options(inputs: Mapping[str, str], *names: str) -> Iterator[str]:
    # One word each: a value that begins with a dash stays a value.
    yield from (f"--{name}={inputs[name]}" for name in names if name in inputs)


def _labels(text: str) -> Iterator[tuple[str, str]]:
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if not (sign and name.strip()):
            message = f"the label {line!r} is no NAME=VALUE"
            raise UsageFault(message, hint="write one a line, e.g. region=eu")
        yield name.strip(), value.strip()


def _misplaced(name: str, *, with_service: bool) -> UsageFault:
    if with_service:
        hint = "write it into the policy" if name != "evidence" else "the service keeps it: see the output run-url"
        return UsageFault(f"the input {name} is for a job that watches itself, not for a service", hint=hint)
    return UsageFault(f"the input {name} is for a run on a service", hint="give `service`, or leave it out")
