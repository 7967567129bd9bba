"""Requests that arrive in the same turn of the event loop are computed together: many rows in numpy cost little more than one.

Nobody waits for others that may come: whoever comes alone is answered in the same turn, as fast as without this, or after a few
turns in which those come whose query is answered already. It computes in the event loop: threads that compute beside it would
take Python's lock from it, and from each other, for more time than they save.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Basis = TypeVar("Basis")
Question = TypeVar("Question")
Answer = TypeVar("Answer")


class AnswerTogether(Generic[Basis, Question, Answer]):
    """`answer_many` answers questions that have one basis: those for which `same` gives an equal value.

    `at_most` questions are computed in one turn, which bounds how long the event loop stands still; others come in the next.
    With `quiet_turns` they are computed once nobody has asked for so many turns of the loop, some 20 µs each where nothing is to be
    done: an answer of the database takes a few from the socket to its request.
    """

    def __init__(
        self,
        answer_many: Callable[[Basis, Sequence[Question]], Sequence[Answer]],
        *,
        same: Callable[[Basis], Hashable],
        at_most: int,
        quiet_turns: int = 0,
    ) -> None:
        self._answer_many = answer_many
        self._same = same
        self._at_most = at_most
        self._quiet_turns = quiet_turns
        self._quiet = 0  # turns of the event loop since the last one asked
        self._waiting: list[_Waiting[Basis, Question, Answer]] = []

    async def __call__(self, basis: Basis, question: Question) -> Answer:
        """Answered from the basis that the request has taken, whatever is swapped in meanwhile. Raises what `answer_many` does."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._answer)
        self._quiet = 0
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append(_Waiting(basis, question, answer))
        return await answer

    def _answer(self) -> None:
        if self._quiet < self._quiet_turns and len(self._waiting) < self._at_most:
            self._quiet += 1
            asyncio.get_running_loop().call_soon(self._answer)
            return
        now, self._waiting = self._waiting[: self._at_most], self._waiting[self._at_most :]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer)
        groups: defaultdict[Hashable, list[_Waiting[Basis, Question, Answer]]] = defaultdict(list)
        for request in now:
            groups[self._same(request.basis)].append(request)
        for group in groups.values():
            try:
                answers = self._answer_many(group[0].basis, [request.question for request in group])
            except Exception as error:
                for request in group:
                    request.fail(error)
            else:
                for request, answer in zip(group, answers, strict=True):
                    request.succeed(answer)


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Basis, Question, Answer]):
    """A request; its client may have gone away by the time that the answer is there."""

    basis: Basis
    question: Question
    answer: asyncio.Future[Answer]

    def succeed(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
