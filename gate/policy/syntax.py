"""YAML's syntax errors, said with their usual cause."""

from __future__ import annotations

import re

import yaml

from gate.policy.secrets import looks_like_secret

_LONGEST_ROW = 500
"""Characters in which the cause is looked for: what people write by hand, and no more."""

_HASHTAG = re.compile(r"""[\[{,][^\]}"'#]*?(?<!\w)(#\w[^\s,\]}"']*)""")
"""Inside a bracket: only there does a comment break the syntax, as it swallows the bracket's end."""
_QUOTED_THEN_MORE = re.compile(r"""[:\[,-]\s*("[^"]*"|'[^']*')\s*[^\s,\]}#:]""")


def explain(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """Return line, message and hint of why the text is no YAML that a policy may hold."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        return line, f"holds a control character (U+{code:04X})", "delete it, or write it as an escape in double quotes"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 0, "cannot be read as YAML", ""
    mark = error.problem_mark
    rows = [row[:_LONGEST_ROW] for row in text.splitlines()]
    start = min(error.context_mark.line if error.context_mark else mark.line, mark.line)
    problem = error.problem or "cannot be read"
    for known, hint in _OURS.items():
        if problem == known:
            return mark.line + 1, known, hint
    return _usual_cause(problem, rows, start, mark.line, mark.column)


def _usual_cause(problem: str, rows: list[str], start: int, end: int, column: int) -> tuple[int, str, str]:
    row = rows[end] if end < len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or "'\\t'" in problem:
        return end + 1, "is no valid YAML: a tab", "indent with spaces"
    # What is missing at the end of the file may have been lost anywhere.
    for number in range(0 if end >= len(rows) - 1 else start, min(end, len(rows) - 1) + 1):
        if found := _HASHTAG.search(rows[number]):
            hint = (
                f'quote it: "{found[1]}"'
                if found[1].isprintable() and not looks_like_secret(found[1])
                else "quote the hashtag"
            )
            return number + 1, "is no valid YAML: an unquoted # starts a comment", hint
        if _QUOTED_THEN_MORE.search(rows[number]):
            message = "is no valid YAML: text follows a closing quote"
            return number + 1, message, "quote the whole value: '\"acme app\" OR acme24'"
    if column < len(row) and row[column] in "@`%|>":
        return end + 1, f"is no valid YAML: a value starts with {row[column]}", "quote it"
    for part, message, hint in _PROBLEMS:
        if part in problem:
            return min(end + 1, len(rows)), message, hint.format(start=min(start + 1, len(rows)))
    return end + 1, "is no valid YAML", "check quotes, brackets and indentation"


_NOT_CLOSED = ("is no valid YAML: a bracket or quote is not closed", "it may be opened in line {start}")
_NO_KEY = ("is no valid YAML", "check the indentation and that each key ends in ': '")
_PROBLEMS = (
    ("document", "holds a second document (---)", "one policy a file"),
    (
        "mapping values",
        "is no valid YAML: a key stands where none can",
        "indent alike, put a space after each colon, quote a value that holds ': '",
    ),
    ("expected ',' or", *_NOT_CLOSED),
    ("end of stream", *_NOT_CLOSED),
    ("<stream end>", *_NOT_CLOSED),
    ("block", *_NO_KEY),
    ("expected ':'", *_NO_KEY),
)
_OURS = {
    "anchors and aliases are not read": "quote a value that starts with & or *; write repeated values out",
    "tags are not read": "quote a value that starts with !",
    "nested too deeply": "no policy needs that",
    "too many values": "at most 20,000 keys and values; shorten the lists",
}
