"""Tokens, sessions, logins and permits, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import UsageFault
from gate.policy.secrets import hide_secrets, looks_like_secret
from gate.store import Login, NewToken, Session, Store
from gate.store.token_text import PATTERN, hash_of, new_token, well_formed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import ManualClock

DAY = timedelta(days=1)


def test_a_token_is_found_by_scanners() -> None:
    """Its prefix and length make it known to scanners, to our own policies and to our logs; its checksum holds."""
    token = new_token()
    assert PATTERN.fullmatch(token)
    assert looks_like_secret(f"token: {token}")
    assert token not in hide_secrets(f"it is {token}.")
    assert well_formed(token)
    assert len({new_token() for _ in range(100)}) == 100


@given(st.integers(6, 54), st.sampled_from("0aZ_-é "))
def test_a_mistyped_token_is_known_as_such(place: int, letter: str) -> None:
    """Whichever character is changed, the checksum tells, so that the store is not even asked."""
    token = new_token()
    changed = token[:place] + letter + token[place + 1 :]
    assert well_formed(changed) == (changed == token)


def test_only_the_hash_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    """No file of the database holds a token, a session's secret or the state of a login."""
    with Store(str(tmp_path / "gate.db"), clock) as store:
        token, secret = store.issue_token(NewToken("ci", ["run"]))
        now = clock.now()
        store.open_session("session-secret", Session("ci", (), None, now, now, now + DAY, token))
        store.begin_login("state-secret", Login("b", "n", "v", "/", now + DAY))
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert hash_of(secret).encode() in written
    for each in (secret, "session-secret", "state-secret"):
        assert each.encode() not in written


def test_what_is_known_of_a_token(store: Store, clock: ManualClock) -> None:
    """Roles, repositories, who made it and until when come back as given; another secret is nobody's."""
    new = NewToken("acme app", ["run", "override"], ["acme/app", "Äcme/ø"], clock.now() + DAY, by="cli:ann")
    made, secret = store.issue_token(new)
    found = store.token_of(secret)
    assert found == made
    assert (found.name, found.roles, found.repositories) == ("acme app", ("run", "override"), ("acme/app", "Äcme/ø"))
    assert (found.created_by, found.expires_at, found.used_at) == ("cli:ann", clock.now() + DAY, None)
    assert store.token_of(new_token()) is None
    assert store.tokens() == [made]


def test_a_token_ends(store: Store, clock: ManualClock) -> None:
    """It holds until the moment it expires, or is revoked by its id or its name; the first to revoke it is recorded."""
    made, secret = store.issue_token(NewToken("ci", ["run"], expires_at=clock.now() + DAY))
    clock.wait(DAY - timedelta(microseconds=1))
    assert made.fault(clock.now()) == ""
    clock.wait(timedelta(microseconds=1))
    assert made.fault(clock.now()) == "has expired"
    store.revoke_token(made.id, "ann")
    again = store.revoke_token("ci", "bob")
    assert (again.revoked_by, again.fault(clock.now())) == ("ann", "was revoked")
    assert store.token_of(secret) == again
    with pytest.raises(UsageFault, match="no token 'cd'"):
        store.revoke_token("cd", "ann")


def test_a_name_means_one_token_for_ever(store: Store) -> None:
    """A name that was used is refused, even after its token was revoked: old logs would become ambiguous."""
    store.issue_token(NewToken("ci", ["run"]))
    store.revoke_token("ci", "ann")
    with pytest.raises(UsageFault, match="there is or was a token 'ci'"):
        store.issue_token(NewToken("ci", ["run"]))


@pytest.mark.parametrize(
    "bad", [("", ["run"]), (" ci", ["run"]), ("a\nb", ["run"]), ("x" * 101, ["run"]), ("ci", []), ("ci", ["run"], [""])]
)
def test_tokens_that_nobody_could_use(bad: tuple[str, list[str]]) -> None:
    """A token without a readable name, a role or a proper repository is refused."""
    with pytest.raises(UsageFault):
        NewToken(*bad)


def test_the_first_token_is_made_once(store: Store, clock: ManualClock) -> None:
    """It is handed out if there never was a token, and never again."""
    new = NewToken("first-admin", ["admin"], expires_at=clock.now() + DAY)
    first = store.issue_first_token(new)
    assert first
    assert store.token_of(first)
    assert store.issue_first_token(new) is None
    store.revoke_token("first-admin", "ann")
    assert store.issue_first_token(new) is None


def test_the_last_use_is_known_to_the_minute(store: Store, clock: ManualClock) -> None:
    """The first use is recorded, and then at most one a minute."""
    made, secret = store.issue_token(NewToken("ci", ["run"]))
    first = clock.now()
    store.token_used(made)
    for seconds, last in ((30, first), (31, first + timedelta(seconds=61))):
        clock.wait(timedelta(seconds=seconds))
        found = store.token_of(secret)
        assert found
        store.token_used(found)
        again = store.token_of(secret)
        assert again
        assert again.used_at == last


def test_a_session_is_worth_what_its_token_is(store: Store, clock: ManualClock) -> None:
    """It is over when it ends, when it idles, when it is closed, and as soon as its token is revoked or expires."""
    now = clock.now()
    token, _ = store.issue_token(NewToken("ann", ["read"], expires_at=now + 2 * DAY))
    plain = Session("login:ann", ("read",), None, now, now, now + DAY)
    store.open_session("by token", Session("ann", (), None, now, now, now + 9 * DAY, token))
    store.open_session("plain", plain)
    assert store.session_of("plain") == plain
    found = store.session_of("by token")
    assert found
    assert found.token == token
    assert found.valid(now, DAY)
    assert not found.valid(now + DAY, DAY)
    assert found.valid(now + DAY, 3 * DAY)
    assert not found.valid(now + 2 * DAY, 9 * DAY)
    assert not plain.valid(now + DAY, 9 * DAY)
    clock.wait(timedelta(minutes=2))
    store.session_seen("plain", plain)
    seen = store.session_of("plain")
    assert seen
    assert seen.seen_at == clock.now()
    store.close_session("plain")
    assert store.session_of("plain") is None
    store.revoke_token("ann", "bob")
    assert store.session_of("by token") is None


def test_a_login_comes_back_once(store: Store, clock: ManualClock) -> None:
    """Its state is good for one answer, in time; those that never come back are swept up."""
    login = Login("browser", "nonce", "verifier", "/runs/1", clock.now() + DAY)
    for state in ("one", "two", "three"):
        store.begin_login(state, login)
    assert store.take_login("one") == login
    assert store.take_login("one") is None
    assert store.take_login("four") is None
    clock.wait(DAY)
    assert store.take_login("two") is None
    clock.wait(DAY)
    store.begin_login("five", login)
    assert store.take_login("three") is None


def test_permits_are_counted_for_all(store: Store, clock: ManualClock) -> None:
    """Of a limit nobody gets more, whoever takes how many at once; another key and the next period count anew."""
    ends = clock.now() + timedelta(minutes=1)
    assert [store.take_permits("ann", ends, 4, 10) for _ in range(5)] == [4, 4, 2, 0, 0]
    assert store.take_permits("bob", ends, 4, 10) == 4
    assert store.take_permits("ann", ends + timedelta(minutes=1), 4, 10) == 4
