"""The OpenAPI document, and whether the service keeps to it whatever it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.api.test_life import start

if TYPE_CHECKING:
    from tests.service.running import Service

OPERATIONS = (
    "listRuns",
    "startRun",
    "flaggerHook",
    "getRun",
    "getVerdict",
    "getLog",
    "streamEvents",
    "getEvidence",
    "getChart",
    "approveRun",
    "rejectRun",
    "cancelRun",
    "extendRun",
    "listPolicies",
    "sampleAzureGate",
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    """The document that the service gives."""
    found: dict[str, Any] = service.get("/v1/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def over(service: Service) -> str:
    """A run that is over, so that its stream ends."""
    run_id = start(service, "bad")
    service.post(f"/v1/runs/{run_id}/approve", {"reason": "only a test"})
    return run_id


def test_document_is_openapi(document: dict[str, Any]) -> None:
    """The document is OpenAPI 3.1, names every operation, and says that each needs a token."""
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert {each["operationId"] for each in operations} == set(OPERATIONS)
    assert all(each["security"] and each["summary"] for each in operations)


def test_document_is_kept_by_who_has_it(service: Service) -> None:
    """The document comes with a tag; who shows the tag is told that nothing has changed, and gets no body."""
    first = service.get("/v1/openapi.json")
    again = service.get("/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"
    assert service.get("/v1/openapi.json", headers={"If-None-Match": '"another"'}).content == first.content
    assert (
        service.get("/v1/openapi.json", token="", headers={"If-None-Match": first.headers["ETag"]}).status_code == 401
    )


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_as_documented(
    service: Service, document: dict[str, Any], over: str, operation: str, mode: GenerationMode
) -> None:
    """Whatever is sent, the answer is one that the document knows, and never a fault; strangers are answered nothing."""
    schema = schemathesis.openapi.from_dict(document)
    found = schema.find_operation_by_id(operation)
    headers = {"Authorization": f"Bearer {service.token}"}
    asked: list[schemathesis.Case[Any]] = []

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate], database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=found.as_strategy(generation_mode=mode), ours=st.booleans())
    def check(case: schemathesis.Case[Any], ours: bool) -> None:  # noqa: FBT001
        if ours and "run_id" in (case.path_parameters or {}):
            case.path_parameters["run_id"] = over
        case.call_and_validate(base_url=service.url, headers=headers, checks=CHECKS, timeout=30)
        asked.append(case)

    check()
    # Once, as strangers are not answered for ever, and other tests are strangers, too.
    anonymous = asked[-1].call(base_url=service.url, timeout=30)
    assert anonymous.status_code in {401, 404, 405, 414}
    assert "paths" not in anonymous.text
