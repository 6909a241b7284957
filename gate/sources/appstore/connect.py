"""App Store Connect's ``customerReviews``: the official way to the reviews of one's own app.

Documented in Apple's App Store Connect API 2.0 and later, "List all customer reviews for an app" and "Generating
Tokens for API Requests": a token of at most 20 minutes, signed ES256 for the audience ``appstoreconnect-v1``.
It does not say which version a review is about.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceRefused
from gate.http import Client, signed
from gate.model import Allowance, Mention, Rate
from gate.polling import Page, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.polling import Stretch
    from gate.ports import Secret, SourceContext
    from gate.sources.appstore.options import Options

LIFE = timedelta(minutes=20)
"""The longest Apple takes."""
SPARE = timedelta(minutes=2)
"""Make a new one this long before the old one ends: a poll may take a while, and clocks differ."""
LARGEST_PAGE = 200
AUDIENCE = "appstoreconnect-v1"


class Connect:
    """Asks for pages of reviews."""

    rate = Rate(allowed=Allowance(3600, timedelta(hours=1)), free=True)
    cost = "1 request a poll, up to 10 after a pause; free, 3,600 an hour"

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Ask nothing yet, and leave the key where it is."""
        named = " and ".join(str(each) for each in (options.private_key, options.key_id, options.issuer) if each)
        hints = {
            401: f"check {named}: the key may be revoked, or its id or issuer another's",
            403: f"give the key in {named} the role Customer Support in App Store Connect, Users and Access",
            404: "check `app`: the key must belong to the account that sells it",
        }
        self.client = Client(options.server, context, who="App Store Connect", hints=hints)
        self._options = options
        self._context = context
        self._until: datetime | None = None

    def walks(self) -> dict[str, Callable[[Stretch, str | None], Page]]:
        """Return how to ask for a page; all countries come in one walk."""
        return {"": self._page}

    def look(self) -> Page:
        """Ask for one small page."""
        return self._ask(None, limit=1)

    def _page(self, _stretch: Stretch, place: str | None) -> Page:
        return self._ask(place, limit=LARGEST_PAGE)

    def _ask(self, place: str | None, *, limit: int) -> Page:
        self._sign()
        if place:
            reply = self.client.get(place)
        else:
            query = {"sort": "-createdDate", "limit": limit}
            if self._options.countries:
                query["filter[territory]"] = ",".join(self._options.countries)
            reply = self.client.get(f"/v1/apps/{self._options.app}/customerReviews", query)
        # There are always links, if only to the page itself; without a next one it is the last.
        following = reply.json_object()["links"].get("next")
        return Page.of(reply.json_list("data"), _mention, next=following)

    def _sign(self) -> None:
        now = self._context.clock.now()
        if self._until and now < self._until:
            return
        options, reference = self._options, str(self._options.private_key)
        private_key = self._context.secret(reference).strip()
        issued = int(now.timestamp())
        claims: dict[str, Any] = {"iat": issued, "exp": issued + int(LIFE.total_seconds()), "aud": AUDIENCE}
        # A team's key names its issuer, a person's key says that it is a person's.
        claims |= {"iss": self._value(options.issuer)} if options.issuer else {"sub": "user"}
        key_id = self._value(options.key_id)
        token = signed(claims, private_key, reference=reference, algorithm="ES256", headers={"kid": key_id})
        self.client.authorize(token, hide=private_key)
        self._until = now + LIFE - SPARE

    def _value(self, reference: Secret | None) -> str:
        value = self._context.secret(reference).strip() if reference else ""
        if not value:
            message = f"{reference} is empty"
            raise SourceRefused(message, hint="App Store Connect, Users and Access, Integrations shows it")
        return value


def _mention(item: Mapping[str, Any]) -> Mention:
    review = item["attributes"]
    rating = review["rating"]
    return Mention(
        id=item["id"],
        created_at=moment(review["createdDate"]),
        text="\n".join(filter(None, ((review.get("title") or "").strip(), (review.get("body") or "").strip()))),
        author=review.get("reviewerNickname") or "",
        rating=float(rating),
        labels={"country": review["territory"]} if review.get("territory") else {},
    )
