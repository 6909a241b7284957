"""Source ``appstore``: Apple's public feed, and App Store Connect's customerReviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gate.ports import Secret
from gate.sources.appstore import Options
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import NOW, Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = ec.generate_private_key(ec.SECP256R1())
PEM = (
    _KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
    .strip()
)
"""Made anew for every run of the tests: a private key belongs into no repository."""
APP = "123456789"


def newest_first(posts: Sequence[Post]) -> list[Post]:
    """Sort as both do."""
    return sorted(posts, key=lambda post: (post.at, post.number), reverse=True)


def entry(post: Post, *, country: str = "us", rating: int = 4) -> dict[str, Any]:
    """One review in the feed."""
    return {
        "author": {
            "uri": {"label": f"https://itunes.apple.com/{country}/reviews/id{post.author}"},
            "name": {"label": "Somebody Invented"},
            "label": "",
        },
        "updated": {"label": post.at.isoformat()},
        "im:rating": {"label": str(rating)},
        "im:version": {"label": "4.2.1"},
        "id": {"label": str(9_000_000_000 + post.number)},
        "title": {"label": "Review"},
        "content": {"label": post.text, "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": f"https://itunes.apple.com/{country}/review?id={APP}"}},
        "im:voteSum": {"label": "0"},
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": {"label": "0"},
    }


def feed(entries: Sequence[dict[str, Any]], *, last: int, country: str = "us") -> Reply:
    """One page of the feed: a list, one object, or nothing at all."""
    address = f"https://itunes.apple.com/{country}/rss/customerreviews/page={last}/id={APP}/sortby=mostrecent/json"
    found: dict[str, Any] = {
        "author": {"name": {"label": "iTunes Store"}, "uri": {"label": "http://www.apple.com/itunes/"}},
        "updated": {"label": NOW.isoformat()},
        "title": {"label": "iTunes Store: Customer Reviews"},
        "link": [{"attributes": {"rel": "self", "href": address}}, {"attributes": {"rel": "last", "href": address}}],
    }
    if entries:
        found["entry"] = entries[0] if len(entries) == 1 else list(entries)
    return Reply.of({"feed": found})


def public(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer as the feed does, but that its pages grow, so that ten hold all there is.

    What the feed holds back beyond its ten pages is a test of its own.
    """
    size = max(size, -(-len(posts) // 10))
    country = request.path.split("/")[1]
    number = int(request.path.partition("page=")[2].partition("/")[0])
    pages = newest_first(posts)
    found = [entry(post, country=country) for post in pages[(number - 1) * size : number * size]]
    return feed(found, last=max(1, -(-len(pages) // size)), country=country)


def connect(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer as App Store Connect does: an opaque cursor in the address of the next page."""
    start = int(request.query.get("cursor", "0"))
    found = newest_first(posts)[start : start + size]
    data = [
        {
            "type": "customerReviews",
            "id": f"00000028-b08c-0014-729e-{post.number:012d}",
            "attributes": {
                "rating": 4,
                "title": "Review",
                "body": post.text,
                "reviewerNickname": post.author,
                "createdDate": post.at.isoformat(),
                "territory": "USA",
            },
        }
        for post in found
    ]
    links = {"self": f"http://{request.headers['host']}{request.path}"}
    if start + size < len(posts):
        links["next"] = f"{links['self']}?cursor={start + size}&limit=200&sort=-createdDate"
    return Reply.of({"data": data, "links": links, "meta": {"paging": {"total": len(posts), "limit": 200}}})


def token_of(request: Recorded) -> dict[str, Any]:
    """Return what the request's token claims, once its signature is found to be good."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(
        token,
        _KEY.public_key(),
        algorithms=["ES256"],
        audience="appstoreconnect-v1",
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


def official(url: str, **options: Any) -> Options:  # noqa: ANN401  # the options of the source
    """Ask App Store Connect."""
    keys = {"private_key": Secret("${APPLE_KEY}"), "key_id": Secret("${APPLE_KEY_ID}")}
    return Options(app=APP, base_url=url, **{**keys, **options})


CHANNELS = {
    "public": Channel(
        options=lambda url: Options(app=APP, base_url=url, max_pages=8),
        answer=public,
        token="",
    ),
    "connect": Channel(
        options=official,
        answer=connect,
        token=lambda request: token_of(request)["sub"] == "user",
        secret=PEM.replace("\n", "\\n"),
    ),
}
