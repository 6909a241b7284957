"""Rate limits in the words of each service: when they end, and what is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gate.http import quota, reset_at

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-reset": str(EPOCH + 90)}, 90),
        ({"X-RateLimit-Reset": str(EPOCH + 90), "X-RateLimit-Remaining": "0"}, 90),
        ({"X-RateLimit-Reset": "2026-03-10T14:35:00.000000Z"}, 300),
        ({"x-ratelimit-reset": "358.0"}, 358),
        ({"ratelimit-reset": str(EPOCH + 60)}, 60),
        ({"ratelimit-reset": "41"}, 41),
        ({"ratelimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": "limit=100, remaining=0, reset=45"}, 45),
        ({"retry-after": "12", "x-ratelimit-reset": str(EPOCH + 900)}, 12),
        ({"retry-after": "Tue, 10 Mar 2026 14:31:00 GMT"}, 60),
        ({"x-ratelimit-reset": str(EPOCH + 90_000)}, None),
        ({"ratelimit": "t=soon"}, None),
        ({"x-ratelimit-reset": "-358"}, None),
    ],
    ids=["x", "github", "mastodon", "reddit", "bluesky", "zendesk", "ietf", "ietf-old", "both", "date", "absurd", "word", "negative"],
)  # fmt: skip
def test_when_a_limit_ends(headers: dict[str, str], seconds: int | None) -> None:
    """Each dialect is read; what nobody could mean is unknown."""
    assert reset_at(headers, NOW) == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"x-rate-limit-remaining": "449", "x-rate-limit-limit": "450"}, "449 of 450 requests left"),
        (
            {"x-ratelimit-remaining": "598.0", "x-ratelimit-reset": "358", "x-ratelimit-used": "2"},
            "598 requests left until 14:35:58 UTC",
        ),
        ({"ratelimit-remaining": "2999", "ratelimit-limit": "3000"}, "2,999 of 3,000 requests left"),
        ({"ratelimit": '"default";r=50;t=30'}, "50 requests left until 14:30:30 UTC"),
        ({"x-ratelimit-remaining": "many"}, "None"),
        ({"x-ratelimit-remaining": "9" * 40}, "None"),
        ({}, "None"),
    ],
    ids=["x", "reddit", "bluesky", "ietf", "word", "absurd", "none"],
)
def test_what_is_left(headers: dict[str, str], says: str) -> None:
    """A quota is told in one clause."""
    assert str(quota(headers, NOW)) == says
