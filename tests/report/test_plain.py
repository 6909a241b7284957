"""The verdict for programs."""

from __future__ import annotations

import json

from gate.canonical import dumps
from gate.report.plain import plain
from tests.hostile import HOSTILE
from tests.report.verdicts import hostile_report, report


def test_every_field_is_there() -> None:
    """A program finds the verdict's fields, the release and where to read more."""
    written = json.loads(dumps(plain(report())))
    assert written["outcome"] == "fail"
    assert written["tally"]["mentions_post"] == 43
    assert written["coverage"][0]["dropped"] == {"language": 2, "repost": 7}
    assert written["release"]["name"] == "#brimly"
    assert written["evidence"] == "evidence/brimly"
    assert json.loads(dumps(plain(report(release=None, run="", evidence=""))))["run"] is None


def test_hostile_text_stays_in_its_string() -> None:
    """What cannot be UTF-8 is replaced, everything else comes back as it was."""
    for _, hostile in HOSTILE:
        written = json.loads(dumps(plain(hostile_report(hostile))))
        assert written["reason"] == hostile.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
