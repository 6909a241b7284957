"""Issues of one repository, with comments and a search that knows the common qualifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.github_app import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_WORD = re.compile(r'(?:([a-z-]+):)?("[^"]*"|\S+)')
_STATES = {"open", "closed"}
_CREATED = {"title", "body", "labels", "assignees", "assignee", "milestone", "type"}
_CHANGED = _CREATED | {"state", "state_reason"}


@dataclass
class Issue:
    """One of them."""

    number: int
    title: str
    body: str
    labels: list[str]
    state: str = "open"
    comments: list[str] = field(default_factory=list)


@dataclass
class Issues:
    """All of a repository."""

    url: str
    """Of the repository, at the API."""
    name: str
    """``owner/name``."""
    all: list[Issue] = field(default_factory=list)

    def create(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Open one.

        Raises:
            Refused: it is malformed.
        """
        _known(said, _CREATED)
        title = said.get("title")
        if not isinstance(title, str) or not title.strip():
            raise Refused(422, 'Invalid request.\n\n"title" wasn\'t supplied.')
        made = Issue(len(self.all) + 1, title, _body(said), _labels(said))
        self.all.append(made)
        return self.shown(made)

    def change(self, number: int, said: Mapping[str, Any]) -> dict[str, Any]:
        """Change one.

        Raises:
            Refused: there is none, or it is malformed.
        """
        issue = self.find(number)
        _known(said, _CHANGED)
        if said.get("state", "open") not in _STATES:
            raise Refused(422, "Validation Failed: state is invalid")
        issue.title = str(said.get("title", issue.title))
        issue.body = _body(said) if "body" in said else issue.body
        issue.state = str(said.get("state", issue.state))
        issue.labels = _labels(said) if "labels" in said else issue.labels
        return self.shown(issue)

    def comment(self, number: int, said: Mapping[str, Any]) -> dict[str, Any]:
        """Comment on one.

        Raises:
            Refused: there is none, or there is no comment.
        """
        issue = self.find(number)
        if not _body(said).strip():
            raise Refused(422, "Validation Failed: body can't be blank")
        issue.comments.append(_body(said))
        return self.comments(number)[-1]

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Return what was commented on one."""
        issue = self.find(number)
        return [
            {"id": 1000 * issue.number + place, "body": text, "user": _user(), "created_at": "2026-01-01T00:00:00Z",
             "html_url": f"https://github.com/{self.name}/issues/{number}#issuecomment-{place}"}
            for place, text in enumerate(issue.comments)
        ]  # fmt: skip

    def find(self, number: int) -> Issue:
        """Return one.

        Raises:
            Refused: there is none.
        """
        if not 1 <= number <= len(self.all):
            raise Refused(404, "Not Found")
        return self.all[number - 1]

    def listed(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return those of a state and with all of the labels, newest first."""
        state, labels = query.get("state", "open"), set(filter(None, query.get("labels", "").split(",")))
        found = [each for each in self.all if state in {"all", each.state} and labels <= set(each.labels)]
        return [self.shown(each) for each in reversed(found)]

    def search(self, query: str) -> list[dict[str, Any]]:
        """Return those that fit every word of a query, newest first."""
        tests = list(self._tests(query))
        return [self.shown(each) for each in reversed(self.all) if all(test(each) for test in tests)]

    def _tests(self, query: str) -> Iterable[Callable[[Issue], bool]]:
        places = {"title", "body"}
        words: list[str] = []
        for name, quoted in _WORD.findall(query):
            value = quoted.strip('"')
            match name:
                case "repo":
                    yield lambda _, value=value: value.lower() == self.name.lower()  # type: ignore[misc]
                case "state":
                    yield lambda issue, value=value: issue.state == value  # type: ignore[misc]
                case "is" if value in _STATES:
                    yield lambda issue, value=value: issue.state == value  # type: ignore[misc]
                case "label":
                    yield lambda issue, value=value: value in issue.labels  # type: ignore[misc]
                case "in":
                    places = set(value.split(","))
                case "":
                    words.append(value.lower())
        for word in words:
            yield lambda issue, word=word: any(  # type: ignore[misc]
                word in text.lower()
                for place, text in (("title", issue.title), ("body", issue.body))
                if place in places
            )

    def shown(self, issue: Issue) -> dict[str, Any]:
        """Return one as the API tells it."""
        return {
            "id": 100_000 + issue.number,
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "labels": [{"id": place, "name": name} for place, name in enumerate(issue.labels)],
            "comments": len(issue.comments),
            "user": _user(),
            "url": f"{self.url}/issues/{issue.number}",
            "html_url": f"https://github.com/{self.name}/issues/{issue.number}",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }


def _known(said: Mapping[str, Any], names: set[str]) -> None:
    if unknown := set(said) - names:
        raise Refused(422, f"Invalid request: {', '.join(sorted(unknown))}")


def _body(said: Mapping[str, Any]) -> str:
    body = said.get("body") or ""
    if not isinstance(body, str) or len(body) > 65_536:
        raise Refused(422, "Validation Failed: body is too long (maximum is 65536 characters)")
    return body


def _labels(said: Mapping[str, Any]) -> list[str]:
    return [each["name"] if isinstance(each, dict) else str(each) for each in said.get("labels", ())]


def _user() -> dict[str, Any]:
    return {"login": "gate[bot]", "id": 41898282, "type": "Bot"}
