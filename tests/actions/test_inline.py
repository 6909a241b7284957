"""What a policy that a caller sends may make the service do."""

from __future__ import annotations

import pytest

from gate.errors import PolicyFault
from gate.policy import load_text
from gate.service.api.inline import check_inline
from gate.service.sections import Policies

POLICY = """\
version: 1
sources: [{{type: hackernews, query: acme}}]
on: {{inconclusive: hold, error: hold}}
actions: {{fail: [{action}]}}
"""
ALLOWED = Policies(variables=("GITHUB_TOKEN",), private_addresses=True)


@pytest.mark.parametrize("name", ["repository: other/app", "base_url: 'https://evil.example'"])
def test_callers_do_not_say_on_what_an_action_acts(name: str) -> None:
    """With the operator's token, an action of a caller's policy acts on the repository of the run, at GitHub."""
    policy = load_text(POLICY.format(action=f"{{type: github-dispatch, workflow: a.yml, {name}}}"))
    with pytest.raises(PolicyFault, match="do not say on what an action acts"):
        check_inline(policy, ALLOWED)


def test_callers_name_no_token_that_is_not_for_them() -> None:
    """The token must be one that the operator lists; then the action is allowed."""
    policy = load_text(POLICY.format(action="{type: github-dispatch, workflow: a.yml}"))
    with pytest.raises(PolicyFault, match="GITHUB_TOKEN is not allowed"):
        check_inline(policy, Policies(private_addresses=True))
    check_inline(policy, ALLOWED)


@pytest.mark.parametrize(
    "action",
    [
        "{type: command, command: [id]}",
        "{type: webhook, url: 'https://example.com/'}",
        "{type: azure-run, collection: 'https://dev.azure.com/acme', project: Shop, pipeline: 12}",
        "{type: azure-release, collection: 'https://dev.azure.com/acme', project: Shop, definition: 3}",
    ],
)
def test_callers_run_nothing_and_write_nowhere(action: str) -> None:
    """Programs, servers and projects are for policies that the operator holds."""
    policy = load_text(POLICY.format(action=action))
    with pytest.raises(PolicyFault, match=r"not for callers|do not say on what"):
        check_inline(policy, Policies(variables=("AZURE_DEVOPS_TOKEN",), private_addresses=True))


def test_callers_name_no_variable_for_a_program() -> None:
    """Where the operator lets callers run programs, those get only variables that are for callers."""
    policy = load_text(POLICY.format(action="{type: command, command: [id], environment: [HOME, X_TOKEN]}"))
    with pytest.raises(PolicyFault, match="X_TOKEN is not allowed"):
        check_inline(policy, Policies(local=True, variables=("HOME",), private_addresses=True))
