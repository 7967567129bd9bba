"""How often an answer is made, counted."""

import asyncio

import pytest

from ordercast.services.shared.http.shared_answers import MAX_KEPT, SharedAnswers


class Maker:
    """Makes numbers, and a new one each time; on demand not before it is let go on."""

    def __init__(self) -> None:
        self.made = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self) -> int:
        self.made += 1
        number = self.made
        await self.go_on.wait()
        return number


@pytest.fixture
def make() -> Maker:
    return Maker()


@pytest.fixture
def now() -> list[float]:
    """The time (s), which a test may change."""
    return [100.0]


@pytest.fixture
def answers(now: list[float]) -> SharedAnswers[int]:
    return SharedAnswers(1.0, lambda: now[0])


async def test_who_asks_the_same_at_once_or_within_the_second_gets_the_same(
    answers: SharedAnswers[int], make: Maker, now: list[float]
) -> None:
    make.go_on.clear()
    asking = [asyncio.create_task(answers.get("a", make)) for _ in range(30)]
    await asyncio.sleep(0)
    make.go_on.set()
    assert set(await asyncio.gather(*asking)) == {1}
    now[0] += 0.9
    assert await answers.get("a", make) == 1
    now[0] += 0.2
    assert await answers.get("a", make) == 2


async def test_what_took_long_is_kept_longer_and_is_renewed_while_others_get_what_is_there(
    make: Maker, now: list[float]
) -> None:
    answers = SharedAnswers[int](1.0, lambda: now[0], kept_times=10.0)

    async def slowly() -> int:
        now[0] += 2.0
        return await make()

    assert await answers.get("a", slowly) == 1
    now[0] += 19.0
    assert await answers.get("a", slowly) == 1
    make.go_on.clear()
    renewing = asyncio.create_task(answers.renew("a", make))
    await asyncio.sleep(0)
    assert await answers.get("a", slowly) == 1
    make.go_on.set()
    assert await renewing == 2
    assert await answers.get("a", slowly) == 2


async def test_what_took_far_too_long_once_is_kept_no_longer_than_is_allowed(make: Maker, now: list[float]) -> None:
    answers = SharedAnswers[int](1.0, lambda: now[0], kept_times=10.0, most_s=30.0)

    async def slowly() -> int:
        now[0] += 60.0
        return await make()

    assert await answers.get("a", slowly) == 1
    now[0] += 29.0
    assert await answers.get("a", slowly) == 1
    now[0] += 1.0
    assert await answers.get("a", slowly) == 2


async def test_what_was_looked_up_slowly_is_not_told_for_longer_after_it_was_read(
    answers: SharedAnswers[int], make: Maker, now: list[float]
) -> None:
    async def slowly() -> int:
        made = await make()
        now[0] += 0.5
        return made

    assert await answers.get("a", slowly) == 1
    now[0] += 0.25
    assert await answers.get("a", slowly) == 1
    now[0] += 0.25
    assert await answers.get("a", slowly) == 2


async def test_who_asks_something_else_does_not_wait(answers: SharedAnswers[int], make: Maker) -> None:
    make.go_on.clear()
    waiting = asyncio.create_task(answers.get("a", make))
    await asyncio.sleep(0)
    other = Maker()
    assert await answers.get("b", other) == 1
    make.go_on.set()
    await waiting


async def test_after_a_change_nobody_gets_what_was_begun_before(answers: SharedAnswers[int], make: Maker) -> None:
    make.go_on.clear()
    early = asyncio.create_task(answers.get("a", make))
    await asyncio.sleep(0)
    answers.forget()
    late = asyncio.create_task(answers.get("a", make))
    await asyncio.sleep(0)
    make.go_on.set()
    assert (await early, await late) == (1, 2)
    assert await answers.get("a", make) == 2


async def test_a_renewed_answer_is_not_undone_by_one_that_was_begun_before_it(
    answers: SharedAnswers[int], make: Maker, now: list[float]
) -> None:
    make.go_on.clear()
    early = asyncio.create_task(answers.get("a", make))
    await asyncio.sleep(0)
    now[0] += 0.1
    newer = Maker()
    newer.made = 10
    assert await answers.renew("a", newer) == 11
    make.go_on.set()
    assert await early == 11
    assert await answers.get("a", make) == 11


async def test_after_a_change_nobody_gets_what_was_being_renewed(answers: SharedAnswers[int], make: Maker) -> None:
    make.go_on.clear()
    renewing = asyncio.create_task(answers.renew("a", make))
    await asyncio.sleep(0)
    answers.forget()
    make.go_on.set()
    assert await renewing == 1
    assert await answers.get("a", make) == 2


async def test_an_error_and_a_caller_that_goes_away_leave_the_question_to_the_next_one(
    answers: SharedAnswers[int], make: Maker
) -> None:
    async def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await answers.get("a", fail)
    make.go_on.clear()
    first, second = (asyncio.create_task(answers.get("a", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    make.go_on.set()
    assert await second == 2


async def test_few_are_kept(answers: SharedAnswers[int], make: Maker) -> None:
    for asked in range(10 * MAX_KEPT):
        await answers.get(asked, make)
    assert len(answers._kept) == MAX_KEPT
