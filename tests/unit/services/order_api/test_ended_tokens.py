"""Which access tokens of an account are good after any log-outs, log-ins and changes of its password."""

from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.accounts import tables
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.tokens import LIFETIME_S, EndedTokens

LIFETIME = timedelta(seconds=LIFETIME_S)
MOST = 3
LOG_INS = [UUID(int=number) for number in range(6)]

# A token is given for a log-in, one ends, all tokens end, or minutes pass.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("token"), st.sampled_from(LOG_INS)),
        st.tuples(st.just("log-out"), st.sampled_from(LOG_INS)),
        st.tuples(st.just("all"), st.none()),
        st.tuples(st.just("minutes"), st.integers(1, 25)),
    ),
    max_size=40,
)


class Clock(datetime):
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(cls.moment.timestamp(), tz)


@given(steps=STEPS)
def test_no_token_outlives_its_log_in_and_what_is_kept_in_mind_is_bounded(steps: list[tuple[str, object]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "MAX_ENDED_LOG_INS", MOST)
        patch.setattr(tables, "datetime", Clock)
        account = Account(id=7, token_version=0, ended_log_ins=[], tokens_ended_at=None)
        given_at: list[tuple[Caller, datetime]] = []
        over: set[UUID] = set()
        for what, value in steps:
            patch.setattr(tables, "_NOW", Clock.moment)
            if what == "minutes":
                assert isinstance(value, int)
                Clock.moment += timedelta(minutes=value)
            elif what == "all":
                account.end_access_tokens()
            elif isinstance(value, UUID) and value not in over:
                if what == "token":
                    given_at.append((Caller(7, "CUSTOMER", account.token_version, value), Clock.moment))
                else:
                    over.add(value)
                    account.end_log_in(value)
            ended = EndedTokens(account.token_version, account.ended_log_ins)
            assert len(account.ended_log_ins) <= MOST
            for caller, since in given_at:
                if Clock.moment - since < LIFETIME:
                    is_over = caller.log_in in over or caller.version < account.token_version
                    assert ended.have(caller) == is_over
