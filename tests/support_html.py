"""What a page is made of, so that two pages can be compared: whatever was written must not change it."""

from __future__ import annotations

from html.parser import HTMLParser

SAFE_SCHEMES = ("http://", "https://", "/", "#")


class Skeleton(HTMLParser):
    """Elements and the names of their attributes, without what they say."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, *sorted(name for name, _ in attrs)))
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src", "srcset", "action", "formaction"}
        ]

    def handle_data(self, data: str) -> None:
        """Note what it says."""
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        """No page of ours has comments."""
        self.tags.append(("comment", data))

    def acting(self) -> list[tuple[str, ...]]:
        """Return what could run, load or send something, or is no element of ours."""
        known = {"html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "svg", "path", "nav", "form",
                 "input", "span", "button", "main", "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "section", "label",
                 "select", "option", "figure", "picture", "source", "img", "table", "caption", "thead", "tbody", "tr", "th", "td",
                 "br", "blockquote", "mark", "details", "summary", "time", "code", "pre", "strong", "footer", "style", "g", "line",
                 "text", "polyline", "circle"}  # fmt: skip
        return [
            each for each in self.tags if each[0] not in known or any(name.startswith("on") for name in each[1:])
        ] + [("link", each) for each in self.links if not each.startswith(SAFE_SCHEMES)]
