"""A page's parts, each from one service: one that does not answer is missing with its reason, and the others are shown."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.first_line import first_line
from ordercast.services.console.errors import LoggedOut

# A reader waits no longer (s) for one part of a page.
PART_DEADLINE_S: Final = 2.5
UNAUTHORIZED: Final = 401

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that `service` did not bring. `kind` is the problem's, if it answered with one."""

    service: str
    reason: str
    kind: str | None = None


async def ask(service: str, answer: Awaitable[Answer]) -> Answer | Missing:
    """What a service answers, or why it does not.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    try:
        async with asyncio.timeout(PART_DEADLINE_S):
            return await answer
    except TimeoutError:
        return Missing(service, f"no answer within {PART_DEADLINE_S:g} s")
    except ProblemAnswer as problem:
        if problem.status == UNAUTHORIZED:
            raise LoggedOut from problem
        return Missing(service, str(problem), problem.kind)
    except ClientError as error:
        return Missing(service, first_line(error))
