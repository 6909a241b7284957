"""What a check says in its headers is held to its form, and where it wants to be answered to the settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from gate.service.azure.asked import Completion, asked_of, completion_of, run_key, wanted_of
from gate.service.azure.organizations import Foreign, Malformed, organization_of
from gate.service.azure.sealing import Sealer

OURS = ["https://dev.azure.com/acme", "https://tfs.corp.example:8443/tfs/My%20Collection"]
ID = "00000000-0000-4000-8000-00000000000"
GOOD = {
    "PlanUrl": "https://dev.azure.com/acme/", "ProjectId": f"{ID}1", "HubName": "Checks", "PlanId": f"{ID}2",
    "JobId": f"{ID}3", "TimelineId": f"{ID}4", "TaskInstanceId": f"{ID}5", "AuthToken": "eyJ0.secret",
    "Gate-Policy": "checkout",
}  # fmt: skip


def understood(**over: str) -> Any:  # noqa: ANN401
    """Read a check with some headers changed; ``Gate_Policy`` stands for Gate-Policy."""
    named = {name.replace("_", "-"): value for name, value in over.items()}
    return asked_of(CaseInsensitiveDict({**GOOD, **named}), OURS, "ci")


def test_what_is_understood() -> None:
    """Ids, hub, time and policy; variables that Azure does not know are as if they were not there."""
    asked, token = understood(Gate_Timeout_Minutes="120", Gate_Release="$(release)", Gate_Repository="acme/app",
                              Gate_Deployed_At="2026-03-10 15:00:00+01:00", Gate_Commit="$(Build.SourceVersion)")  # fmt: skip
    assert (asked.organization, asked.hub, asked.minutes, token) == (OURS[0], "checks", 120, "eyJ0.secret")
    assert asked.address == f"/{ID}1/_apis/distributedtask/hubs/checks/plans/{ID}2"
    wanted = asked.wanted
    assert (wanted.policy, wanted.release, wanted.labels) == ("checkout", "", {"repository": "acme/app"})
    assert f"{wanted.deployed_at:%H:%M %Z}" == "14:00 UTC"
    assert "secret" not in asked.model_dump_json()


def test_the_same_check_has_the_same_name() -> None:
    """Plan, job, timeline, task and who asks make the name; what else is said, and how ids are written, does not."""
    name = understood()[0].delivery
    assert understood(Gate_Policy="other", AuthToken="another", PlanId=f"{ID}2".upper())[0].delivery == name
    others = {
        understood(**{each: f"{ID}9"})[0].delivery for each in ("PlanId", "JobId", "TimelineId", "TaskInstanceId")
    }
    others.add(asked_of(CaseInsensitiveDict(GOOD), OURS, "somebody else")[0].delivery)
    assert len(others | {name}) == 6


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"Gate_Policy": ""}, "Gate-Policy is missing"),
        ({"Gate_Policy": "../etc"}, "is no name"),
        ({"PlanId": "7"}, "PlanId is no id"),
        ({"JobId": "$(system.JobId)"}, "JobId is missing"),
        ({"HubName": "Nowhere"}, "HubName"),
        ({"AuthToken": ""}, "AuthToken is missing"),
        ({"AuthToken": "$(system.AccessToken)"}, "AuthToken is missing"),
        ({"PlanUrl": ""}, "PlanUrl is missing"),
        ({"Gate_Timeout_Minutes": "1"}, "no number from 2"),
        ({"Gate_Timeout_Minutes": "१२०"}, "no place in a header"),
        ({"Gate_Timeout_Minutes": "1e3"}, "no number"),
        ({"Gate_Deployed_At": "yesterday"}, "is no time"),
        ({"Gate_Deployed_At": "0001-01-01T00:00:00+14:00"}, "is no time"),
        ({"Gate_Release": "#größe"}, "no place in a header"),
        ({"Gate_Commit": "a" * 201}, "longer than 200"),
    ],
)
def test_what_is_refused(over: dict[str, str], words: str) -> None:
    """Each header that is missing or of another form is named; a token never is."""
    with pytest.raises(Malformed, match=words):
        understood(**over)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://dev.azure.com/acme", 0),
        ("https://DEV.azure.com:443/Acme/", 0),
        ("https://tfs.corp.example:8443/tfs/my collection/", 1),
        ("https://tfs.corp.example:8443/tfs/My%20Collection", 1),
        ("http://dev.azure.com/acme", None),
        ("https://dev.azure.com/acme2", None),
        ("https://dev.azure.com/", None),
        ("https://dev.azure.com/acme/../evil", None),
        ("https://dev.azure.com.evil.example/acme", None),
        ("https://dev.azure.com@evil.example/acme", None),
        ("https://evil.example/acme?https://dev.azure.com/acme", None),
        ("https://evil.example/https://dev.azure.com/acme", None),
        ("https://dev.azure.com:8443/acme", None),
        ("https://dev.azure.com\\@evil.example/acme", None),
        ("https://dev.azure.com:99999/acme", None),
        ("//dev.azure.com/acme", None),
        ("nothing", None),
    ],
)
def test_where_it_may_be_answered(address: str, found: int | None) -> None:
    """An organization of the settings in any spelling that means the same, and nothing that only looks like one."""
    if found is None:
        with pytest.raises(Foreign):
            organization_of(address, OURS)
    else:
        assert organization_of(address, OURS) == OURS[found]


@given(st.text(max_size=80))
def test_no_other_address_is_ours(text: str) -> None:
    """Whatever is written, what comes back is of the settings, and it begins as the settings do."""
    try:
        found = organization_of(f"https://dev.azure.com/{text}", OURS)
    except (Foreign, Malformed):
        return
    assert (found, text.strip("/").casefold()) == (OURS[0], "acme")


def test_how_it_ends() -> None:
    """A callback unless the form's other word stands there."""
    assert completion_of({}) is Completion.CALLBACK
    assert completion_of({"Gate-Completion": "ApiResponse"}) is Completion.RESPONSE
    with pytest.raises(Malformed, match="Gate-Completion"):
        completion_of({"Gate-Completion": "Maybe"})


def test_what_stands_for_a_run() -> None:
    """The plan, or what the form says in its place; then whatever else differs from one question to the next."""
    wanted = wanted_of(GOOD)
    assert run_key(GOOD, wanted) == run_key({**GOOD, "JobId": f"{ID}9"}, wanted)
    named = {**GOOD, "Gate-Run": "Release-7"}
    assert run_key(named, wanted) == run_key({**named, "PlanId": f"{ID}9"}, wanted) != run_key(GOOD, wanted)
    assert run_key({**named, "ProjectId": ""}, wanted), "a test of the set-up knows no project"
    with pytest.raises(Malformed, match="PlanId"):
        run_key({**GOOD, "PlanId": ""}, wanted)


@pytest.mark.parametrize("own", ["", "77"])
@pytest.mark.parametrize(
    "other",
    [{"Gate-Policy": "lenient"}, {"Gate-Release": "#acme25"}, {"Gate-Environment": "ring2"}, {"ProjectId": f"{ID}8"},
     {"Gate-Repository": "acme/other"}],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_another_watch_is_another_run(own: str, other: dict[str, str]) -> None:
    """Checks of one pipeline run that differ in what is watched, by what, or before which environment share no verdict."""
    first = {**GOOD, "Gate-Run": own}
    second = {**first, **other}
    assert run_key(first, wanted_of(first)) != run_key(second, wanted_of(second))


def test_a_variable_that_is_not_set_is_no_text() -> None:
    """A name for a run that should be new for each build must not be one and the same for all of them."""
    for name in ("Gate-Run", "Gate-Release", "Gate-Repository"):
        with pytest.raises(Malformed, match=r"\$\(Build.Nr\), a variable that is not set"):
            run_key({**GOOD, name: "canary-$(Build.Nr)"}, wanted_of({**GOOD, name: "canary-$(Build.Nr)"}))


def test_sealing() -> None:
    """What is sealed reads back with any of the keys, for what it belongs to only, and looks different each time."""
    environ = {"OLD": "o" * 32, "NEW": "n" * 32}
    old, both = Sealer(["${OLD}"], environ), Sealer(["${NEW}", "${OLD}"], environ)
    sealed = old.seal("eyJ0.secret", "azure:1")
    assert sealed != old.seal("eyJ0.secret", "azure:1")
    assert both.open(sealed, "azure:1") == "eyJ0.secret"
    for sealer, text, about in ((old, sealed, "azure:2"), (old, both.seal("x", "azure:1"), "azure:1")):
        with pytest.raises(Exception, match=r"azure\.keys"):
            sealer.open(text, about)
    with pytest.raises(Exception, match="shorter than 32"):
        Sealer(["${OLD}"], {"OLD": "short"})
