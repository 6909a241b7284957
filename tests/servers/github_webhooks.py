"""What GitHub sends: events, signed over their bytes, and the same again when asked to redeliver."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_OF_USER = ("html", "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
            "received_events")  # fmt: skip
_OF_REPOSITORY = (
    "url", "html_url", "forks_url", "keys_url", "collaborators_url", "teams_url", "hooks_url", "issue_events_url",
    "events_url", "assignees_url", "branches_url", "tags_url", "blobs_url", "git_tags_url", "git_refs_url", "trees_url",
    "statuses_url", "languages_url", "stargazers_url", "contributors_url", "subscribers_url", "subscription_url",
    "commits_url", "git_commits_url", "comments_url", "issue_comment_url", "contents_url", "compare_url", "merges_url",
    "archive_url", "downloads_url", "issues_url", "pulls_url", "milestones_url", "notifications_url", "labels_url",
    "releases_url", "deployments_url", "git_url", "ssh_url", "clone_url", "svn_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery. Sent twice, it is the same twice: that is how GitHub redelivers."""

    event: str
    payload: Mapping[str, Any]
    secret: str
    delivery: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def body(self) -> bytes:
        """Return the bytes."""
        return json.dumps(self.payload).encode()

    @property
    def headers(self) -> dict[str, str]:
        """Return what goes with them."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/abc1234",
            "X-GitHub-Delivery": self.delivery,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": "292430182",
            "X-GitHub-Hook-Installation-Target-ID": "12345",
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature-256": "sha256=" + hmac.digest(self.secret.encode(), self.body, hashlib.sha256).hex(),
        }

    def send(self, url: str, **headers: str) -> requests.Response:
        """Deliver it; ``headers`` stand over its own."""
        return requests.post(url, data=self.body, headers={**self.headers, **headers}, timeout=10)


def ping(secret: str) -> Webhook:
    """Return what GitHub sends when an App gets its webhook."""
    hook = {"type": "App", "id": 292430182, "name": "web", "active": True, "events": ["deployment_protection_rule"]}
    return Webhook("ping", {"zen": "Keep it logically awesome.", "hook_id": 292430182, "hook": hook}, secret)


def protection_rule(
    api: str,
    *,
    name: str,
    repository: int,
    run: int,
    environment: str,
    sha: str,
    installation: int,
    at: datetime,
    deployment: int = 145988746,
) -> dict[str, Any]:
    """Return the payload of a job that waits, with every field the description knows."""
    here = f"{api}/repos/{name}"
    made = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "action": "requested",
        "environment": environment,
        "event": "push",
        "deployment_callback_url": f"{here}/actions/runs/{run}/deployment_protection_rule",
        "deployment": {
            "url": f"{here}/deployments/{deployment}",
            "id": deployment,
            "node_id": "MDEwOkRlcGxveW1lbnQxNDU5ODg3NDY=",
            "sha": sha,
            "ref": "main",
            "task": "deploy",
            "payload": {},
            "original_environment": environment,
            "environment": environment,
            "description": None,
            "creator": _user("octo-dev", api),
            "created_at": made,
            "updated_at": made,
            "statuses_url": f"{here}/deployments/{deployment}/statuses",
            "repository_url": here,
        },
        "pull_requests": [],
        "repository": _repository(here, name, repository, api),
        "installation": {"id": installation, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uOTg3"},
        "sender": _user("octo-dev", api),
    }


def _user(login: str, api: str) -> dict[str, Any]:
    addresses = {f"{name}_url": f"{api}/users/{login}/{name}" for name in _OF_USER}
    return {"login": login, "id": 21031067, "node_id": "MDQ6VXNlcjIxMDMxMDY3", "url": f"{api}/users/{login}", "type": "User",
            "avatar_url": "https://avatars.example/u/1", "gravatar_id": "", "site_admin": False, **addresses}  # fmt: skip


def _repository(here: str, name: str, number: int, api: str) -> dict[str, Any]:
    owner, _, short = name.partition("/")
    when = "2026-01-01T00:00:00Z"
    return {
        "id": number, "node_id": "MDEwOlJlcG9zaXRvcnkx", "name": short, "full_name": name, "private": False,
        "owner": _user(owner, api), "description": None, "fork": False, "created_at": when, "updated_at": when,
        "pushed_at": when, "homepage": None, "size": 0, "stargazers_count": 0, "watchers_count": 0, "language": "Python",
        **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki"), True), "has_pages": False,
        "has_discussions": False, "forks_count": 0, "mirror_url": None, "archived": False, "disabled": False,
        "open_issues_count": 0, "license": None, "forks": 0, "open_issues": 0, "watchers": 0, "default_branch": "main",
        "is_template": False, "web_commit_signoff_required": False, "topics": [], "visibility": "public",
        "allow_forking": True, "custom_properties": {},
        **{each: f"{here}/{each}" for each in _OF_REPOSITORY},
    }  # fmt: skip
