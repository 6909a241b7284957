"""The pipelines of examples/azure: valid to Azure's own schema, and the template's script does what docs/azure.md says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from copy import deepcopy
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.azure.agent import RUN, Agent, commands, variables
from tests.azure.server_task import definition
from tests.azure.templates import INSERT, as_text, steps
from tests.cli.commands import BAD, DEPLOY, POLICY, history, line, project
from tests.hostile import HOSTILE
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = ROOT / "examples" / "azure"
FILES = sorted(EXAMPLES.glob("*.yml"))
SERVER_TASKS = {"SentimentGateWait@0", "InvokeRESTAPI@1"}
HOOKS = ("deploy", "routeTraffic", "postRouteTraffic")


class AzureLoader(yaml.SafeLoader):
    """Reads YAML as Azure does: ``on`` is a word."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        sign: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool" or sign in "tTfF"]
        for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(name: str) -> dict[str, Any]:
    """Read an example."""
    found: dict[str, Any] = yaml.load((EXAMPLES / name).read_text(encoding="utf-8"), AzureLoader)  # noqa: S506
    return found


TEMPLATE = load("gate.yml")


def faults(pipeline: object) -> list[str]:
    """Return what Azure's schema has against a pipeline.

    It takes texts alone where Azure takes numbers and truths, too, and no task that is not Azure's own.
    """
    found = _schema().iter_errors(_as_schema_has_it(pipeline))
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message[:200]}" for each in found]


@cache
def _schema() -> Any:  # noqa: ANN401 - the library ships no types
    text = (
        resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/azure-pipelines.json").read_text("utf-8")
    )
    return import_module("jsonschema").Draft7Validator(json.loads(text))


def _as_schema_has_it(node: object) -> object:
    if isinstance(node, dict):
        if node.get("task") == "SentimentGateWait@0":  # Its inputs are looked at below.
            node = {"task": "InvokeRESTAPI@1"}
        return {key: _as_schema_has_it(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_schema_has_it(each) for each in node]
    return str(node).lower() if isinstance(node, bool) else str(node)


def jobs(pipeline: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every job."""
    for stage in pipeline.get("stages", [pipeline]):
        yield from stage.get("jobs", ())


def phases(job: dict[str, Any]) -> Iterator[tuple[object, list[dict[str, Any]]]]:
    """Yield pool and steps of a job, or of each hook of a deployment."""
    if "steps" in job:
        yield job.get("pool"), job["steps"]
    for strategy in job.get("strategy", {}).values():
        for hook in (*(strategy.get(name, {}) for name in HOOKS), *strategy.get("on", {}).values()):
            if hook:
                yield hook.get("pool", job.get("pool")), hook["steps"]


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_examples_keep_to_the_schema(name: str) -> None:
    """As Azure's own schema of pipelines has it."""
    pipeline = load(name)
    if name == "gate.yml":  # A template holds expressions; what they come to is what runs.
        assert INSERT in pipeline["steps"][0]["env"]
        pipeline = {"steps": steps(pipeline, {"secrets": {"X_BEARER_TOKEN": "$(xBearerToken)"}})}
    assert faults(pipeline) == []


def test_the_schema_would_find_something() -> None:
    """The check can fail: a hook that is spelt wrong, and a job without a name."""
    wrong = deepcopy(load("deployment-job.yml"))
    strategy = wrong["jobs"][0]["strategy"]["runOnce"]
    strategy["postRouteTrafic"] = strategy.pop("postRouteTraffic")
    assert faults(wrong)


@pytest.mark.parametrize("name", [path.name for path in FILES if path.name != "gate.yml"])
def test_examples_hold_together(name: str) -> None:
    """Jobs end sometime; the server is given only what runs there; templates and tasks get what they know."""
    for job in jobs(load(name)):
        assert job["timeoutInMinutes"] > 0, f"{name}: a job without a time limit"
        for pool, found in phases(job):
            on_server = {each["task"] for each in found if "task" in each}
            assert (pool == "server") is bool(on_server)
            assert on_server <= SERVER_TASKS
            for step in found:
                assert pool != "server" or "task" in step
                if "template" in step:
                    steps(load(step["template"]), step.get("parameters", {}))
                if step.get("task") == "SentimentGateWait@0":
                    task = definition("SentimentGateWait")
                    assert set(step["inputs"]) <= {each["name"] for each in task["inputs"]}
                    assert {each["name"] for each in task["inputs"] if each["required"]} <= set(step["inputs"])
                    assert step["inputs"]["timeoutInMinutes"] == str(job["timeoutInMinutes"])


def test_what_stages_ask_of_each_other_is_there() -> None:
    """Names in conditions and variables are those of stages, jobs, steps and of a variable that is set."""
    pipeline = load("stages.yml")
    listen, back = pipeline["stages"][1], pipeline["stages"][3]
    (job,) = listen["jobs"]
    names = f"dependencies.{listen['stage']}.outputs['{job['job']}.{TEMPLATE['steps'][0]['name']}.decision']"
    assert back["condition"] == f"and(failed(), eq({names}, 'halt'))"
    assert back["dependsOn"] == listen["stage"]
    assert "decision" in TEMPLATE["steps"][0]["target"]["settableVariables"]
    (canary,) = pipeline["stages"][0]["jobs"]
    deployed = canary["steps"][-1]
    assert "variable=at;isOutput=true]" in deployed["bash"]
    assert job["variables"]["deployedAt"] == (
        f"$[ stageDependencies.Canary.{canary['job']}.outputs['{deployed['name']}.at'] ]"
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the gate, whatever environment variables say: this very working copy."""
    folder = tmp_path_factory.mktemp("python")
    venv.EnvBuilder(symlinks=True).create(folder)
    site = sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)})
    (Path(site) / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


def run(agent: Agent, python: Path, **given: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 - parameters of any type
    """Run the template's script as an agent does: bash, in the repository's folder, with its own environment only."""
    chosen = {"python": str(python), "deployedAt": DEPLOY.isoformat(), **given}
    (step,) = steps(TEMPLATE, chosen)
    bash = shutil.which("bash")
    assert bash
    return subprocess.run(
        [bash, "--noprofile", "--norc", "-c", step["bash"]],
        cwd=agent.folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(agent.folder),
            "GATE_STORE": str(agent.folder / "gate.db"),
            **agent.environment(),
            **{name: as_text(value) for name, value in step["env"].items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_bad_release_is_stopped(tmp_path: Path, python: Path) -> None:
    """Red, with variables, the reason as an issue, a summary and progress; commands in mentions do nothing."""
    agent = Agent(tmp_path)
    attacks = [
        line(5000 + n, DEPLOY.replace(minute=n % 25, second=n % 60), f"{BAD} {text}", author=text[:80] or "nobody")
        for n, (_, text) in enumerate(HOSTILE)
    ]
    project(tmp_path, [*history(0.9), *attacks], POLICY + "keep_text: true\n")
    done = run(agent, python)
    assert done.returncode == 10, done.stdout
    known = variables(done.stdout)
    assert (known["outcome"], known["decision"], known["runUrl"]) == ("fail", "halt", RUN)
    assert set(known) == set(TEMPLATE["steps"][0]["target"]["settableVariables"])
    names = [each.name for each in commands(done.stdout)]
    assert set(names) == {"task.setvariable", "task.uploadsummary", "task.logissue", "task.setprogress"}
    assert (names.count("task.logissue"), names.count("task.uploadsummary")) == (1, 1)
    shown = [int(each.properties["value"]) for each in commands(done.stdout) if each.name == "task.setprogress"]
    assert shown == sorted(set(shown))
    assert all(0 <= each < 100 for each in shown)
    assert "What users write" in (agent.temporary / known["report"]).read_text(encoding="utf-8")


def test_parameters_are_words(tmp_path: Path, python: Path) -> None:
    """What would be a script inside of the script is text; a dry run is orange and goes on."""
    agent = Agent(tmp_path)
    project(tmp_path, history(0.9))
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "__init__.py").write_text("raise SystemExit('not the gate')\n")
    evil = '$(touch evil) `touch evil`"; touch evil; "'
    done = run(agent, python, release=evil, dryRun=True)
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "evil").exists()
    known = variables(done.stdout)
    assert (known["outcome"], known["decision"]) == ("fail", "promote")
    (complete,) = [each for each in commands(done.stdout) if each.name == "task.complete"]
    assert complete.properties == {"result": "SucceededWithIssues"}


def test_the_gate_is_installed_where_nothing_is_named(tmp_path: Path) -> None:
    """Into a folder that the agent empties, by the Python of the machine; then that runs it."""
    agent = Agent(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    python = tools / "python3"
    # Stands for Python: what it would have been asked, in place of an index of packages.
    python.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> "{tmp_path}/asked"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    python.chmod(0o755)
    (step,) = steps(TEMPLATE, {})
    environment = {name: as_text(value) for name, value in step["env"].items()}
    path = f"{tools}:{os.environ['PATH']}"
    subprocess.run(["bash", "-c", step["bash"]], env={**agent.environment(), **environment, "PATH": path}, check=True)
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"-m venv {agent.temporary}/sentiment-gate",
        "-m pip install --quiet --disable-pip-version-check sentiment-gate==0.1.0",
        "-I -m gate check --ci azure --policy gate.yml --deployed-at now",
    ]
