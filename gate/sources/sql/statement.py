"""Is it one query, and one that only reads?

A second lock: the first is that the database is opened for reading only, where it can be.
"""

from __future__ import annotations

import re

PARAMETERS = ("since", "until")
_QUOTED = re.compile(
    r"""
    '(?:[^']|'')*'              # text
    | "(?:[^"]|"")*"            # a name
    | `[^`]*`                   # a name, as MySQL writes it
    | \$(\w*)\$.*?\$\1\$        # text, as PostgreSQL may write it
    | --[^\n]*                  # comments
    | /\*.*?\*/
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# As SQLAlchemy finds them: a colon that is no cast, no part of a time and not escaped.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_WRITING = re.compile(
    r"\b(insert|update|delete|merge|into|drop|alter|create|truncate|grant|revoke|copy|attach|pragma|exec|execute)\b",
    re.IGNORECASE,
)


def ordered_by(query: str, column: str) -> bool:
    """Say whether the rows come in ascending order of a column of the result, so that reading may stop before the end.

    Only where that is plain: the first thing after the last ORDER BY is the column, or what is selected under its name.
    """
    bare = " ".join(_COMMENT.sub(" ", query).split())
    found = re.search(r"\border by (\S+?)(?: asc)?(?:,| limit \d+|;|$)(?!.*\border by\b)(?!.*\))", bare, re.IGNORECASE)
    if not found:
        return False
    term = found[1].casefold()
    renamed = rf"(?<![\w.]){re.escape(term)} as {re.escape(column.casefold())}(?!\w)"
    return term == column.casefold() or re.search(renamed, bare.casefold()) is not None


def check_query(query: str) -> None:
    """Refuse what is not one SELECT with the parameters of a period.

    Raises:
        ValueError: the message is for people.
    """
    bare = _QUOTED.sub(" ", query).strip().removesuffix(";").strip()
    if not re.match(r"(select|with)\b", bare, re.IGNORECASE):
        message = "query must be one SELECT (or WITH … SELECT)"
        raise ValueError(message)
    if ";" in bare:
        message = "query must be one statement; there is a semicolon in it"
        raise ValueError(message)
    if writing := _WRITING.search(bare):
        message = f"query must only read, and {writing[0].upper()} does not; put a name in double quotes"
        raise ValueError(message)
    found = set(_PARAMETER.findall(query))
    if unknown := sorted(found - set(PARAMETERS)):
        message = (
            f"query: unknown parameter :{unknown[0]}; known: :since, :until (write \\: for a colon that begins none)"
        )
        raise ValueError(message)
    if missing := [f":{name}" for name in PARAMETERS if name not in found]:
        message = (
            f"query lacks {' and '.join(missing)}: without the period in it each poll would read the whole table; "
            "write WHERE created_at >= :since AND created_at < :until"
        )
        raise ValueError(message)
