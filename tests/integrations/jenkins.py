"""A declarative pipeline of Jenkins as it documents itself: stages under their ``when``, with ``sh`` run by bash.

Knows the steps that the example has, and refuses others. https://www.jenkins.io/doc/book/pipeline/syntax/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integrations.shells import Workplace

_STEP = re.compile(
    r"env\.(?P<variable>\w+) = sh\(returnStdout: true, script: '''(?P<captured>.*?)'''\)\.trim\(\)"
    r"|sh '(?P<plain>[^']*)'"
    r"|input message: '(?P<question>[^']*)', ok: '[^']*'"
    r"|error '(?P<fault>[^']*)'",
    re.DOTALL,
)
_WHEN = re.compile(r"when \{ (?P<no>not \{ )?environment name: '(?P<name>\w+)', value: '(?P<value>\w+)' \}")


def build(text: str, workplace: Workplace, asked: Callable[[], bool]) -> tuple[str, list[str]]:
    """Run a pipeline, and return its result and the stages that began."""
    environ: dict[str, str] = {}
    began: list[str] = []
    for name, body in stages(text):
        if not _wanted(body, environ):
            continue
        began.append(name)
        for step in steps(body):
            if step["question"]:
                if not asked():
                    return "ABORTED", began
            elif step["fault"]:
                return "FAILURE", began
            else:
                done = workplace.bash(step["captured"] or step["plain"], "-xe", **environ)
                if done.returncode:
                    return "FAILURE", began
                if step["variable"]:
                    environ[step["variable"]] = done.stdout.strip()
    return "SUCCESS", began


def stages(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the body of each stage."""
    for found in re.finditer(r"stage\('(\w[\w ]*)'\) \{", text):
        depth, at = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield found[1], text[found.end() : at - 1]


def steps(body: str) -> Iterator[re.Match[str]]:
    """Yield the steps of a stage in order; there must be nothing else among them."""
    inner = body.partition("steps {")[2]
    assert re.fullmatch(r"[\s{}]*(script \{)?[\s{}]*", _STEP.sub("", inner)), _STEP.sub("", inner)
    yield from _STEP.finditer(inner)


def _wanted(body: str, environ: dict[str, str]) -> bool:
    assert body.count("when {") <= 1
    found = _WHEN.search(body)
    assert found or "when {" not in body
    return not found or (environ.get(found["name"]) == found["value"]) != bool(found["no"])
