"""``gate setup``."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group("setup", short_help="Set up a CI system to work with the gate.")
def command() -> None:
    """Set up a CI system to work with the gate, and see whether that was done right.

    \b
    gate setup github --service https://gate.example.com --repository acme/app
    gate setup github --check --repository acme/app --app-id 12345
    gate setup azure --service https://gate.example.com --organization https://dev.azure.com/acme --policy-name checkout
    """


@command.command("github", short_help="GitHub: a deployment waits for the gate.")
@click.option("--service", metavar="URL", default="", help="Address of your gate service, as GitHub reaches it.")
@click.option("--repository", metavar="OWNER/NAME", default="", help="Whose deployments wait.")
@click.option("--environment", metavar="NAME", default="production", show_default=True, help="That waits for the gate.")
@click.option("--canary", metavar="NAME", default="canary", show_default=True, help="That is deployed to before.")
@click.option(
    "--policy-name", metavar="NAME", default="", help="A policy of the service; else .github/gate.yml is read."
)
@click.option("--organisation/--user", default=True, show_default=True, help="What the repository's owner is.")
@click.option("--name", default="", help="Of the App; default gate-OWNER.")
@click.option(
    "--github", "web", metavar="URL", default="https://github.com", show_default=True, help="Of GitHub's pages."
)
@click.option("--api", metavar="URL", default="https://api.github.com", show_default=True, help="Of GitHub's API.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(), help="Of the repository; default this one.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--check", "checking", is_flag=True, help="Ask GitHub whether the App is installed as it must be.")
@click.option("--app-id", metavar="ID", default="", help="App ID or client ID, for --check.")
@click.option("--test-delivery", metavar="URL", default="", help="Send a signed ping to the service's webhook.")
def github(  # noqa: PLR0913 - one parameter an option
    *,
    service: str,
    repository: str,
    environment: str,
    canary: str,
    policy_name: str,
    organisation: bool,
    name: str,
    web: str,
    api: str,
    folder: Path,
    force: bool,
    checking: bool,
    app_id: str,
    test_delivery: str,
) -> None:
    """Write the App's manifest and a workflow, and say what to click.

    With --check, the private key is read from GITHUB_APP_KEY (or the file that GITHUB_APP_KEY_FILE
    names); with --test-delivery, the secret from GITHUB_WEBHOOK_SECRET. Both exit with 12 if something is not well.

    \b
    gate setup github --service https://gate.example.com --repository acme/app
    gate setup github --check --repository acme/app --app-id 12345
    gate setup github --test-delivery https://gate.example.com/webhooks/github
    """
    from gate.cli import setting_up
    from gate.setup.github_app import Plan

    if test_delivery:
        setting_up.deliver(test_delivery, os.environ)
    elif checking:
        setting_up.check(repository, environment, app_id, policy_name, api, os.environ)
    else:
        make = lambda: Plan(service, repository, environment, canary, policy_name, web, api, name)  # noqa: E731 - its faults are told
        setting_up.write_all(setting_up.planned(make), folder, organisation=organisation, force=force)


@command.command("azure", short_help="Azure DevOps: a stage waits for the gate.")
@click.option("--service", metavar="URL", default="", help="Address of your gate service, as Azure DevOps reaches it.")
@click.option("--organization", metavar="URL", default="", help="https://dev.azure.com/NAME, or a server's collection.")
@click.option("--project", metavar="NAME", default="", help="For links to its settings.")
@click.option("--policy-name", metavar="NAME", default="", help="A policy of the service.")
@click.option("--environment", metavar="NAME", default="production", show_default=True, help="That waits for the gate.")
@click.option("--timeout", metavar="MINUTES", type=int, default=120, show_default=True, help="It waits for at most.")
@click.option("--repository", metavar="OWNER/NAME", default="", help="Label of its runs, for tokens that are for some.")
@click.option("--synchronous", is_flag=True, help="Azure asks again and again, where the service cannot call it.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(), help="To write to; default this one.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--check", "checking", is_flag=True, help="Ask the service whether it takes such checks; starts nothing.")
@click.option("--test", "testing", is_flag=True, help="Send a check, and end the run that it starts.")
def azure(  # noqa: PLR0913 - one parameter an option
    *,
    service: str,
    organization: str,
    project: str,
    policy_name: str,
    environment: str,
    timeout: int,
    repository: str,
    synchronous: bool,
    folder: Path,
    force: bool,
    checking: bool,
    testing: bool,
) -> None:
    """Write the headers of an Invoke REST API check, and say what goes into its form.

    With --check and --test the service's token is read from GATE_TOKEN (or the file that
    GATE_TOKEN_FILE names): the one that the service connection holds. Both exit with 12 if something is not well.

    \b
    gate setup azure --service https://gate.example.com --organization https://dev.azure.com/acme --policy-name checkout
    """
    from gate.cli import setting_up_azure
    from gate.setup.azure_form import Plan

    make = lambda: Plan(service, organization, policy_name, project, environment, timeout, repository, synchronous)  # noqa: E731 - its faults are told
    if checking or testing:
        setting_up_azure.ask(make, os.environ, send=testing)
    else:
        setting_up_azure.write_all(make, folder, force=force)
