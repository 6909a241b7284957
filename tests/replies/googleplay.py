"""Source ``googleplay``: Google's token service and the Android Publisher API's list of reviews."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gate.sources.googleplay import Options
from gate.sources.googleplay.account import GRANT
from tests.servers.http_server import Recorded, Reply
from tests.sources.conformance import Channel, Post

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
"""Made anew for every run of the tests: a private key belongs into no repository."""
PEM = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ACCOUNT = {
    "type": "service_account",
    "project_id": "invented",
    "private_key_id": "0123456789abcdef",
    "private_key": PEM,
    "client_email": "gate@invented.iam.gserviceaccount.com",
    "token_uri": "https://elsewhere.example/token",
}
SECRET = json.dumps(ACCOUNT)
ACCESS = "ya29.invented-access-token"
PACKAGE = "com.example.brimly"
REVIEWS = f"/androidpublisher/v3/applications/{PACKAGE}/reviews"


def review(post: Post, **said: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of a comment
    """One review, answered by the developer."""
    comment = {
        "text": f"\t{post.text}",
        "lastModified": {"seconds": str(int(post.at.timestamp())), "nanos": 713_000_000},
        "starRating": 2,
        "reviewerLanguage": "en",
        "device": "klte",
        "androidOsVersion": 34,
        "appVersionCode": 421,
        "appVersionName": "4.2.1",
        "thumbsUpCount": 3,
        "thumbsDownCount": 0,
        "deviceMetadata": {"productName": "klte (Invented S)", "manufacturer": "Invented", "deviceClass": "phone"},
    }
    answer = {"text": "We are sorry.", "lastModified": {"seconds": "1900000000", "nanos": 0}}
    return {
        "reviewId": f"gp:AOqpTOE{post.number}",
        "authorName": post.author,
        "comments": [{"userComment": comment | said}, {"developerComment": answer}],
    }


def answer(request: Recorded, posts: Sequence[Post], size: int) -> Reply:
    """Answer as Google does: a token for a good signature, the most recently changed reviews first."""
    if request.path == "/token":
        claims_of(request)
        return Reply.of({"access_token": ACCESS, "expires_in": 3599, "token_type": "Bearer"})
    start = int(request.query.get("token", "0"))
    newest = sorted(posts, key=lambda post: (post.at, post.number), reverse=True)
    found: dict[str, Any] = {"reviews": [review(post) for post in newest[start : start + size]]} if newest else {}
    if start + size < len(newest):
        found["tokenPagination"] = {"nextPageToken": str(start + size)}
    return Reply.of(found)


def claims_of(request: Recorded) -> dict[str, Any]:
    """Return what the signed token in a request for a token claims."""
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert form["grant_type"] == GRANT
    claims: dict[str, Any] = jwt.decode(
        form["assertion"],
        _KEY.public_key(),
        algorithms=["RS256"],
        audience=f"http://{request.headers['host']}/token",
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


CHANNEL = Channel(
    options=lambda url: Options(package=PACKAGE, base_url=url, token_url=f"{url}/token"),
    answer=answer,
    token=lambda request: request.headers.get("authorization") == f"Bearer {ACCESS}",
    secret=SECRET,
    is_page=lambda request: request.path != "/token",
)
