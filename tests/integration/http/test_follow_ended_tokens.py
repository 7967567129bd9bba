"""What a service keeps in mind of tokens that ended before their time, on a real database."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, tzinfo
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from ordercast.services.order_api.accounts import tables
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.http import follow_ended_tokens
from ordercast.services.shared.http.follow_ended_tokens import KEPT_S, OVERLAP_S, FollowEndedTokens
from ordercast.services.shared.http.tokens import EndedTokens, TokenVerifier
from tests.support.seeds import seed_accounts


class Told(TokenVerifier):
    """Keeps what it is told, by account."""

    def __init__(self) -> None:
        super().__init__([])
        self.ended: dict[int, EndedTokens] = {}

    def end(self, ended: Mapping[int, EndedTokens]) -> None:
        self.ended = dict(ended)


class Follower:
    """One that looks when it is told to, by a clock that is moved by hand."""

    def __init__(self, sessions: Sessions) -> None:
        self.now = 5_000.0
        self.told = Told()
        self.look = FollowEndedTokens(sessions, self.told, now=lambda: self.now)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="test") as sessions:
        yield sessions


@pytest.fixture
def follower(sessions: Sessions) -> Follower:
    return Follower(sessions)


async def end(sessions: Sessions, account: int, *, seconds_ago: float = 0.0, version: int = 1) -> None:
    """As if the account's tokens had ended so long ago."""
    statement = text(
        "UPDATE accounts SET token_version = :version, tokens_ended_at = now() - make_interval(secs => :ago) WHERE id = :id"
    )
    async with sessions() as session, session.begin():
        await session.execute(statement, {"version": version, "ago": seconds_ago, "id": account})


async def test_the_first_look_finds_all_whose_tokens_may_be_in_use(sessions: Sessions, follower: Follower) -> None:
    soon, late, over, never = await seed_accounts(sessions, 4)
    await end(sessions, soon)
    await end(sessions, late, seconds_ago=KEPT_S - 60)
    await end(sessions, over, seconds_ago=KEPT_S + 60)
    await follower.look()
    assert set(follower.told.ended) == {soon, late}
    assert never not in follower.told.ended


async def test_later_looks_read_what_is_new_and_keep_what_they_knew(sessions: Sessions, follower: Follower) -> None:
    known, new, unseen = await seed_accounts(sessions, 3)
    await end(sessions, known, seconds_ago=OVERLAP_S * 2)
    await follower.look()
    follower.now += 1
    await end(sessions, new)
    await end(sessions, unseen, seconds_ago=OVERLAP_S * 2)  # no clock is so late: it shows that little is read
    await follower.look()
    assert set(follower.told.ended) == {known, new}
    await end(sessions, known, version=2)
    log_in = uuid4()
    async with sessions() as session, session.begin():
        await session.execute(
            text("UPDATE accounts SET ended_log_ins = ARRAY[CAST(:one AS uuid)] WHERE id = :id"),
            {"one": log_in, "id": new},
        )
    await follower.look()
    assert follower.told.ended[known].version == 2
    assert list(follower.told.ended[new].log_ins) == [log_in]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_another_clock_of_who_ends_a_log_in_hides_nothing(
    sessions: Sessions, follower: Follower, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return cls.fromtimestamp(datetime.now(tz).timestamp() + hours * 3_600, tz)

    monkeypatch.setattr(tables, "datetime", Wrong)
    one, two = await seed_accounts(sessions, 2)
    await follower.look()
    log_in = uuid4()
    async with sessions() as session, session.begin():
        (await session.get_one(tables.Account, one)).end_log_in(log_in)
        (await session.get_one(tables.Account, two)).end_access_tokens()
    follower.now += 1
    await follower.look()
    assert {account: (ended.version, list(ended.log_ins)) for account, ended in follower.told.ended.items()} == {
        one: (0, [log_in]),
        two: (1, []),
    }


async def test_after_a_while_without_the_database_a_look_goes_back_as_far(
    sessions: Sessions, follower: Follower
) -> None:
    meanwhile, over = await seed_accounts(sessions, 2)
    await follower.look()
    follower.now += 500
    await end(sessions, meanwhile, seconds_ago=490)
    await end(sessions, over, seconds_ago=490 + 2 * OVERLAP_S)
    await follower.look()
    assert set(follower.told.ended) == {meanwhile}


async def test_it_forgets_an_account_when_none_of_the_ended_tokens_is_left(
    sessions: Sessions, follower: Follower
) -> None:
    [account] = await seed_accounts(sessions, 1)
    await end(sessions, account, seconds_ago=OVERLAP_S * 2)
    await follower.look()
    follower.now += KEPT_S - 1
    await end(sessions, account, seconds_ago=KEPT_S * 2)  # as it is by then
    await follower.look()
    assert set(follower.told.ended) == {account}
    follower.now += 2
    await follower.look()
    assert follower.told.ended == {}


async def test_so_many_accounts_are_kept_in_mind_those_that_ended_last(
    sessions: Sessions, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ended_tokens, "MAX_ACCOUNTS", 3)
    accounts = await seed_accounts(sessions, 5)
    for ago, account in enumerate(reversed(accounts[:4])):
        await end(sessions, account, seconds_ago=ago)
    with capture_logs() as logs:
        await follower.look()
    assert set(follower.told.ended) == set(accounts[1:4])
    assert [line["log_level"] for line in logs] == ["warning"]
    await end(sessions, accounts[4])
    await follower.look()
    assert set(follower.told.ended) == set(accounts[2:])
