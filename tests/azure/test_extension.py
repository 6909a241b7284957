"""The extension for Azure Pipelines, field by field: who packs it warns of nothing that is wrong in a task."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from typing import TYPE_CHECKING, Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from gate import __version__
from gate.service.api.told import VerdictTold
from gate.service.azure.gate_task import GateHeader
from tests.azure.expressions import holds
from tests.azure.server_task import EXTENSION, definition
from tests.servers import installing
from tests.servers.fixtures import or_say_why
from tests.test_layout import ROOT
from tools import vsix

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST: dict[str, Any] = json.loads((EXTENSION / "vss-extension.json").read_text(encoding="utf-8"))
TASKS = ("SentimentGate", "SentimentGateWait")
TASK_FIELDS = {
    "id", "name", "friendlyName", "description", "helpUrl", "helpMarkDown", "author", "category", "preview", "visibility",
    "runsOn", "version", "instanceNameFormat", "groups", "inputs", "dataSourceBindings", "execution",
}  # fmt: skip
INPUT_FIELDS = {
    "name",
    "aliases",
    "type",
    "label",
    "defaultValue",
    "required",
    "helpMarkDown",
    "groupName",
    "properties",
}
INPUT_TYPES = {"string", "pickList", "connectedService:sentiment-gate"}
CATEGORIES = {"Build", "Utility", "Test", "Package", "Deploy"}
EXECUTE_FIELDS = {"EndpointId", "EndpointUrl", "Method", "Body", "Headers", "WaitForCompletion", "Expression"}
SYSTEM = {
    "system.CollectionUri", "system.TeamProjectId", "system.HostType", "system.PlanId", "system.JobId", "system.TimelineId",
    "system.TaskInstanceId", "system.AccessToken", "system.StageName", "system.StageAttempt", "system.JobName",
    "Release.ReleaseId", "Release.EnvironmentId", "Release.AttemptNumber", "Build.BuildId", "Build.SourceVersion",
}  # fmt: skip
"""Predefined variables: https://learn.microsoft.com/azure/devops/pipelines/build/variables and …/release/variables."""
CALLBACK = {
    "PlanUrl": "$(system.CollectionUri)",
    "ProjectId": "$(system.TeamProjectId)",
    "HubName": "$(system.HostType)",
    "PlanId": "$(system.PlanId)",
    "JobId": "$(system.JobId)",
    "TimelineId": "$(system.TimelineId)",
    "TaskInstanceId": "$(system.TaskInstanceId)",
    "AuthToken": "$(system.AccessToken)",
}
"""What a service needs to call back: as the form of Azure's own task has it filled in."""
FREE = ("Gate-Release", "Gate-Deployed-At", "Gate-Repository")
MACRO = re.compile(r"\$\(([^()]*)\)")
LONGEST_NAME = 40
"""Letters that Azure takes of a friendly name."""
MEGABYTE = 1_000_000


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of the tasks."""
    return definition(request.param)


def execute(task: dict[str, Any]) -> dict[str, str]:
    """Return the request that a task is."""
    found: dict[str, str] = task["execution"]["HttpRequest"]["Execute"]
    return found


def headers(task: dict[str, Any]) -> list[tuple[str, str]]:
    """Return its headers in order; one that stands there twice is a failure."""
    pairs: list[tuple[str, str]] = json.loads(execute(task)["Headers"], object_pairs_hook=list)
    pairs = [(name, value) for name, value in pairs]
    assert len({name.lower() for name, _ in pairs}) == len(pairs)
    return pairs


def test_a_task_says_who_it_is(task: dict[str, Any]) -> None:
    """Every field that Azure asks for, none that it does not know, and each of a form that it takes."""
    assert set(task) == TASK_FIELDS
    assert UUID(task["id"]).version == 4
    assert task["id"] == str(UUID(task["id"]))
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", task["name"])
    assert 0 < len(task["friendlyName"]) <= LONGEST_NAME
    assert 0 < len(task["description"]) < 200
    assert task["category"] in CATEGORIES
    assert task["visibility"] == ["Build", "Release"]
    assert list(task["version"]) == ["Major", "Minor", "Patch"]
    assert ".".join(map(str, task["version"].values())) == __version__
    assert f"]({task['helpUrl']})" in task["helpMarkDown"]
    assert (ROOT / task["helpUrl"].partition("/blob/main/")[2]).is_file()
    assert set(MACRO.findall(task["instanceNameFormat"])) == {"policy"}


def test_tasks_are_two() -> None:
    """No id and no name is another's, and each is where the manifest looks for it."""
    found = [definition(name) for name in TASKS]
    assert [each["name"] for each in found] == list(TASKS)
    assert len({each["id"] for each in found}) == len({each["friendlyName"] for each in found}) == len(TASKS)


def test_tasks_run_where_they_can() -> None:
    """The first as a gate of classic releases and in agentless jobs; the one that is called back in jobs only."""
    assert definition("SentimentGate")["runsOn"] == ["Server", "ServerGate"]
    assert definition("SentimentGateWait")["runsOn"] == ["Server"]


def test_inputs_are_whole(task: dict[str, Any]) -> None:
    """Each has a name of its own, a known type, a default, a help, and a group that is there."""
    groups = {each["name"] for each in task["groups"]}
    names = [name for each in task["inputs"] for name in (each["name"], *each.get("aliases", ()))]
    assert len({name.lower() for name in names}) == len(names)
    for each in task["inputs"]:
        assert set(each) <= INPUT_FIELDS, each["name"]
        assert re.fullmatch(r"[a-z][A-Za-z]*", each["name"])
        assert each["type"] in INPUT_TYPES
        assert isinstance(each["defaultValue"], str)
        assert isinstance(each["required"], bool)
        assert each["label"]
        assert each["helpMarkDown"].endswith((".", "`"))
        assert each.get("groupName", next(iter(groups))) in groups
    required = [each["name"] for each in task["inputs"] if each["required"]]
    assert required[:2] == ["gateService", "policy"]


def test_variables_of_the_request_exist(task: dict[str, Any]) -> None:
    """A misspelt name would be sent as it is written; every input is used."""
    inputs = {each["name"] for each in task["inputs"]}
    used = {name for text in execute(task).values() for name in MACRO.findall(text)}
    assert used - inputs - SYSTEM == {"endpoint.url"}
    assert inputs <= used


def test_the_request_is_one_that_azure_can_send(task: dict[str, Any]) -> None:
    """Its fields, spelt as Azure reads them; to the service of the connection; nothing of anybody in address or body."""
    assert set(task["execution"]) == {"HttpRequest"}
    assert set(task["execution"]["HttpRequest"]) <= {"Execute", "Events"}
    request = execute(task)
    assert set(request) <= EXECUTE_FIELDS
    assert all(isinstance(value, str) for value in request.values())
    assert request["EndpointId"] == "$(gateService)"
    assert re.fullmatch(r"\$\(endpoint\.url\)/v1/azure/[a-z]+", request["EndpointUrl"])
    assert (request["Method"], request["Body"]) == ("POST", "{}")
    assert dict(headers(task))["Content-Type"] == "application/json"
    assert all(MACRO.sub("", value) in {"", value} for _, value in headers(task)), "a value is a variable, or is none"


def test_what_anybody_may_write_comes_first(task: dict[str, Any]) -> None:
    """A quotation mark in a value can add headers; of two of one name the later one counts, and that is ours."""
    assert tuple(name for name, _ in headers(task)[: len(FREE)]) == FREE


def test_the_gate_judges_the_answer_itself() -> None:
    """It is done and promotes, and nothing else passes; no token of Azure is sent, as nothing is called back."""
    task = definition("SentimentGate")
    assert execute(task)["WaitForCompletion"] == "false"
    states, decisions = (VerdictTold.model_json_schema()["properties"][name]["enum"] for name in ("state", "decision"))
    passing = [
        (state, decision)
        for state in states
        for decision in decisions
        if holds(execute(task)["Expression"], {"state": state, "decision": decision})
    ]
    assert passing == [("done", "promote")]
    assert not holds(execute(task)["Expression"], {"title": "Unauthorized"})
    assert "AccessToken" not in json.dumps(task)


def test_the_service_knows_the_headers_of_the_gate() -> None:
    """Each is one that the service reads, and every one it reads is sent."""
    sent = {name for name, _ in headers(definition("SentimentGate"))} - {"Content-Type"}
    assert sent == {field.alias for field in GateHeader.model_fields.values()}


def test_the_job_is_called_back() -> None:
    """What it takes is sent, as Azure's own task sends it, and Azure waits as long as it can."""
    task = definition("SentimentGateWait")
    assert execute(task)["WaitForCompletion"] == "true"
    assert "Expression" not in execute(task)
    sent = dict(headers(task))
    assert {name: sent[name] for name in CALLBACK} == CALLBACK
    assert sent["Gate-Completion"] == "Callback"
    assert task["execution"]["HttpRequest"]["Events"] == {"TaskCompleted": {"Timeout": "2.00:00:00"}}


def test_the_manifest_says_who_it_is() -> None:
    """Name, publisher and version; the tasks are of the same version."""
    assert MANIFEST["manifestVersion"] == 1
    assert (MANIFEST["publisher"], MANIFEST["id"], MANIFEST["version"]) == (
        "sentiment-gate", "sentiment-gate", __version__,
    )  # fmt: skip
    assert MANIFEST["targets"] == [{"id": "Microsoft.VisualStudio.Services"}]
    assert MANIFEST["categories"] == ["Azure Pipelines"]
    assert MANIFEST["public"] is True
    assert 0 < len(MANIFEST["description"]) <= 200
    assert all(each["uri"].startswith("https://github.com/sentiment-gate/") for each in MANIFEST["links"].values())


def test_contributions_are_of_known_types() -> None:
    """A misspelt type or target is packed without a word, and then nothing appears anywhere."""
    found = {(each["type"], *each["targets"], each["properties"]["name"]) for each in MANIFEST["contributions"]}
    assert found == {
        ("ms.vss-distributed-task.task", "ms.vss-distributed-task.tasks", "SentimentGate"),
        ("ms.vss-distributed-task.task", "ms.vss-distributed-task.tasks", "SentimentGateWait"),
        ("ms.vss-endpoint.service-endpoint-type", "ms.vss-endpoint.endpoint-types", "sentiment-gate"),
    }
    assert len({each["id"] for each in MANIFEST["contributions"]}) == len(found)


def test_the_connection_asks_for_address_and_token(task: dict[str, Any]) -> None:
    """Its type is the one that the tasks take, and their list of policies is one of its data sources."""
    connection = MANIFEST["contributions"][-1]["properties"]
    assert task["inputs"][0]["type"] == f"connectedService:{connection['name']}"
    assert connection["authenticationSchemes"] == [{"type": "ms.vss-endpoint.endpoint-auth-scheme-token"}]
    assert set(connection["url"]) == {"displayName", "helpText"}
    sources = {each["name"]: each for each in connection["dataSources"]}
    assert set(sources) == {"TestConnection", "Policies"}
    assert {each["endpointUrl"] for each in sources.values()} == {"{{endpoint.url}}/v1/policies"}
    (binding,) = task["dataSourceBindings"]
    assert binding == {"target": "policy", "endpointId": "$(gateService)", "dataSourceName": "Policies"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as it is published."""
    with or_say_why("tfx-cli"):
        tfx = installing.tfx()
    folder = tmp_path_factory.mktemp("extension")
    (folder / "laid").mkdir()
    vsix.lay_out(folder / "laid")
    said = vsix.pack(folder / "laid", folder / "out.vsix", tfx)
    assert "warn" not in said.lower(), said
    return folder / "out.vsix"


def test_it_is_packed(packed: Path) -> None:
    """Everything that the manifest names is in it, nothing else is, and it is small."""
    with zipfile.ZipFile(packed) as opened:
        names = {name for name in opened.namelist() if not name.endswith("/")}
        inside = ET.fromstring(opened.read("extension.vsixmanifest"))  # noqa: S314 - our own file, just packed
        overview = opened.read("overview.md").decode()
    assert names == {
        "[Content_Types].xml", "extension.vsixmanifest", "extension.vsomanifest", "overview.md", "LICENSE.txt",
        "images/icon.png", "images/flow.png", "images/run.png", "images/runs.png",
        *(f"{task}/{file}" for task in TASKS for file in ("task.json", "icon.png")),
    }  # fmt: skip
    paths = {each.get("Path") for each in inside.iter() if each.get("Addressable") == "true"}
    pictures = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", overview))
    assert len(pictures) == 3
    assert pictures <= paths, "a picture of the overview would not be shown"
    identity = next(each for each in inside.iter() if each.tag.endswith("Identity"))
    assert (identity.get("Publisher"), identity.get("Version")) == ("sentiment-gate", __version__)
    assert packed.stat().st_size < MEGABYTE


def test_pictures_have_the_sizes_that_azure_shows(packed: Path) -> None:
    """128 × 128 for the extension, 32 × 32 for a task; the rest is wide enough to be read."""
    with zipfile.ZipFile(packed) as opened:
        sizes = {name: size_of(opened.read(name)) for name in opened.namelist() if name.endswith(".png")}
    assert sizes.pop("images/icon.png") == (128, 128)
    assert {sizes.pop(f"{task}/icon.png") for task in TASKS} == {(32, 32)}
    assert all(width >= 1280 for width, _ in sizes.values())


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height, from the picture's own header."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_lock_names_no_host() -> None:
    """Packages are known by their hashes, wherever they come from."""
    locked = json.loads((EXTENSION / "packing" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("resolved" not in each for each in locked.values())
    assert all(each["integrity"].startswith("sha512-") for name, each in locked.items() if name)
