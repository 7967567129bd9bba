"""An answer that goes on ends with the right to have it."""

from typing import Any

import pytest
from fastapi import Request
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ordercast.services.shared.http import still_allowed
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.http.still_allowed import LOOK_EVERY_S, StillAllowed
from ordercast.services.shared.problem_types.every_service import FORBIDDEN

ANN = Caller(7, "OPERATOR", ends_at=1_000.0)


class Judged:
    """How the request is judged, and how often it was; its clock is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.answer: Caller | Exception = ANN

    async def caller_of(self, _: Request) -> Caller:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    judged = Judged()
    monkeypatch.setattr(still_allowed, "caller_of", judged.caller_of)
    return judged


@pytest.fixture
def allowed(judged: Judged) -> StillAllowed:
    return StillAllowed(Request({"type": "http"}), ANN, now=lambda: judged.now)


async def test_the_request_is_judged_once_a_second_however_much_goes_out(judged: Judged, allowed: StillAllowed) -> None:
    for second in range(5):
        judged.now = second * LOOK_EVERY_S
        assert all([await allowed() for _ in range(100)])
        assert judged.asked == second


@pytest.mark.parametrize(
    "answer", [Problem(FORBIDDEN, "no"), Caller(7, "ADMIN"), Caller(7, "OPERATOR", scopes=frozenset())]
)
async def test_it_ends_when_the_request_would_be_refused_or_is_another_callers(
    judged: Judged, allowed: StillAllowed, answer: Any
) -> None:
    judged.answer = answer
    assert await allowed()
    judged.now = LOOK_EVERY_S
    assert not await allowed()


async def test_it_ends_with_its_token_also_while_the_database_is_away(judged: Judged, allowed: StillAllowed) -> None:
    judged.answer = PoolTimeout()
    judged.now = 999.0
    assert await allowed()
    judged.now = 1_000.0
    assert not await allowed()


async def test_a_fault_is_no_reason_to_go_on(judged: Judged, allowed: StillAllowed) -> None:
    judged.answer = KeyError("a bug")
    judged.now = LOOK_EVERY_S
    with pytest.raises(KeyError):
        await allowed()
