"""Requests of one moment are computed together, each from the basis that it took."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.predictor.answer_together import AnswerTogether


class Basis(NamedTuple):
    name: str


class Answers:
    """Notes what was computed together."""

    def __init__(self, at_most: int = 100, quiet_turns: int = 0) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.together = AnswerTogether(
            self.answer, same=lambda basis: basis.name, at_most=at_most, quiet_turns=quiet_turns
        )

    def answer(self, basis: Basis, questions: Sequence[int]) -> list[str]:
        self.calls.append((basis.name, list(questions)))
        return [f"{basis.name}{1_000 // question}" for question in questions]


async def test_requests_of_one_moment_are_computed_together_each_with_its_own_answer() -> None:
    answers = Answers()
    said = await asyncio.gather(*(answers.together(Basis("a"), question) for question in (1, 2, 4)))
    assert said == ["a1000", "a500", "a250"]
    assert answers.calls == [("a", [1, 2, 4])]


async def test_requests_of_bases_that_alternate_are_computed_together_basis_by_basis_in_the_order_of_arrival() -> None:
    answers = Answers()
    asked = [("b", 1), ("a", 2), ("b", 4), ("a", 5), ("b", 8)]
    said = await asyncio.gather(*(answers.together(Basis(name), question) for name, question in asked))
    assert said == ["b1000", "a500", "b250", "a200", "b125"]
    assert answers.calls == [("b", [1, 4, 8]), ("a", [2, 5])]


@given(
    asked=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), max_size=30),
    at_most=st.integers(1, 5),
    quiet_turns=st.integers(0, 3),
)
def test_each_is_answered_once_from_the_basis_that_it_took(
    asked: list[tuple[str, int]], at_most: int, quiet_turns: int
) -> None:
    answers = Answers(at_most, quiet_turns)

    async def ask() -> list[str]:
        return await asyncio.gather(*(answers.together(Basis(name), question) for name, question in asked))

    assert asyncio.run(ask()) == [f"{name}{1_000 // question}" for name, question in asked]
    computed = [(name, question) for name, questions in answers.calls for question in questions]
    assert Counter(computed) == Counter(asked)
    for basis in "ab":  # each one's in the order in which they came
        assert [question for name, question in computed if name == basis] == [
            question for name, question in asked if name == basis
        ]
    assert all(len(questions) <= at_most for _, questions in answers.calls)


async def test_other_work_gets_its_turn_between_two_calls_of_at_most_so_many() -> None:
    answers = Answers(at_most=2)
    requests = [asyncio.create_task(answers.together(Basis("a"), question)) for question in (1, 2, 4)]
    await asyncio.sleep(0)  # they ask
    await asyncio.sleep(0)  # two are computed
    assert answers.calls == [("a", [1, 2])]
    await asyncio.gather(*requests)
    assert answers.calls == [("a", [1, 2]), ("a", [4])]


async def test_those_that_come_a_few_turns_later_are_computed_together_and_nobody_waits_longer_than_for_these() -> None:
    answers = Answers(at_most=3, quiet_turns=3)

    async def after(turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await answers.together(Basis("a"), 1 + turns)

    await asyncio.gather(after(0), after(2), after(20))
    assert answers.calls == [("a", [1, 3]), ("a", [21])]
    answers.calls.clear()
    await asyncio.gather(*(after(turns) for turns in (0, 1, 2, 3, 4)))
    assert answers.calls == [("a", [1, 2, 3]), ("a", [4, 5])]


async def test_a_request_that_is_given_up_does_not_take_the_others_with_it() -> None:
    answers = Answers()
    requests = [asyncio.create_task(answers.together(Basis("a"), question)) for question in (1, 2, 4)]
    await asyncio.sleep(0)
    requests[1].cancel()
    said = await asyncio.gather(*requests, return_exceptions=True)
    assert (said[0], said[2]) == ("a1000", "a250")
    assert isinstance(said[1], asyncio.CancelledError)


async def test_an_error_reaches_every_request_that_was_computed_together_and_no_later_one() -> None:
    answers = Answers()
    said = await asyncio.gather(
        *(answers.together(Basis("a"), question) for question in (1, 0)), return_exceptions=True
    )
    assert [type(answer) for answer in said] == [ZeroDivisionError, ZeroDivisionError]
    assert await answers.together(Basis("a"), 1) == "a1000"
