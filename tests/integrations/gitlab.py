"""GitLab CI as it documents itself: stages, ``when``, ``allow_failure: exit_codes`` and dotenv reports, run by bash.

https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integrations.shells import Workplace

GREEN, ORANGE, RED, OFFERED, LEFT_OUT = "green", "orange", "red", "offered", "left out"
STRICT = ("-e", "-o", "pipefail")
KEYWORDS = {"stages"}


def pipeline(text: str, workplace: Workplace) -> dict[str, str]:
    """Run a pipeline, and return the state of each job."""
    told: dict[str, Any] = yaml.safe_load(text)
    jobs = {name: job for name, job in told.items() if name not in KEYWORDS}
    states: dict[str, str] = {}
    variables: dict[str, str] = {}
    for stage in told["stages"]:
        failed = RED in states.values()
        here = {name: job for name, job in jobs.items() if job["stage"] == stage}
        assert here
        for name, job in here.items():
            when = job.get("when", "on_success")
            if when == "manual":
                states[name] = LEFT_OUT if failed else OFFERED
            elif failed == (when == "on_failure"):
                states[name] = job_run(job, workplace, variables)
            else:
                states[name] = LEFT_OUT
    return states


def job_run(job: Mapping[str, Any], workplace: Workplace, variables: dict[str, str]) -> str:
    """Run the script of one job, and keep what it reports for the jobs after it."""
    done = workplace.bash("\n".join(job["script"]), *STRICT, **variables)
    artifacts = job.get("artifacts", {})
    report = workplace.folder / artifacts.get("reports", {}).get("dotenv", "none")
    if (done.returncode == 0 or artifacts.get("when") == "always") and report.is_file():
        variables |= dict(line.split("=", 1) for line in report.read_text(encoding="utf-8").splitlines())
    if done.returncode == 0:
        return GREEN
    codes = job.get("allow_failure", {}).get("exit_codes", [])
    return ORANGE if done.returncode in (codes if isinstance(codes, list) else [codes]) else RED
