"""A page's parts, each from one service: one that does not answer is missing with its reason, and the others are shown."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ordercast.client import Client
from ordercast.client.account_answers import AuditLine
from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.client.order_answers import Product
from ordercast.client.page import Page
from ordercast.first_line import first_line
from ordercast.services.console.errors import LoggedOut
from ordercast.services.console.problem_words import Said, said_of
from ordercast.services.console.words import Words

# A reader waits no longer (s) for one part of a page.
PART_DEADLINE_S: Final = 2.5
# What was asked to be done, such as to load another version, takes longer (s).
ACTION_DEADLINE_S: Final = 40.0
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404
# A proxy's answers before a service that is away; the services' own problems have a kind.
GATEWAY: Final = frozenset({502, 503, 504})
NO_PROBLEM: Final = "unknown"
# Of the audit log, the newest so many.
MOST_LINES: Final = 10
# The kind of problem where no version is served yet.
NO_MODEL: Final = "no-model"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that `service` did not bring. `kind` is the problem's, if the service itself answered with one, `status` how, and
    `fields` what is wrong with which field of what was sent."""

    service: str
    reason: str | Words | Said
    kind: str | None = None
    status: int = 503
    fields: Mapping[str, str] = field(default_factory=dict)


async def ask(service: str, answer: Awaitable[Answer], within_s: float | None = None) -> Answer | Missing:
    """What a service answers, or why it does not: within the deadline of a part, if no other is given.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    deadline_s = PART_DEADLINE_S if within_s is None else within_s
    try:
        async with asyncio.timeout(deadline_s):
            return await answer
    except TimeoutError:
        return Missing(service, no_answer_within(deadline_s))
    except ProblemAnswer as problem:
        if problem.status == UNAUTHORIZED:
            raise LoggedOut from problem
        is_away = problem.kind == NO_PROBLEM and problem.status in GATEWAY
        return Missing(service, said_of(problem), None if is_away else problem.kind, problem.status, problem.fields)
    except ClientError as error:
        return Missing(service, first_line(error))


async def products_of(client: Client, ids: Collection[int]) -> Sequence[Product] | Missing:
    """Those of a page that are there, in one request."""
    if not ids:
        return []
    found = await ask("order_api", client.shop_pages.products(limit=len(ids), ids=ids))
    return found if isinstance(found, Missing) else found.data


def no_answer_within(deadline_s: float) -> Words:
    return Words("no answer within %(seconds)s s", {"seconds": f"{deadline_s:g}"})


async def nothing() -> None:
    """In place of a part that is not for whoever reads the page."""


async def lines_about(client: Client, subject: str, after: int | None = None) -> Page[AuditLine] | Missing:
    """What was done to it, the newest first, or what was before a line. For admins alone."""
    return await ask("order_api", client.shop_pages.audit(limit=MOST_LINES, starting_after=after, subject=subject))


def status_of(*parts: object) -> int:
    """As which a page answers: what its main parts say of why they are missing, the first of them. That no model is served yet is a
    state like others, and no failure."""
    missing = (part for part in parts if isinstance(part, Missing) and part.kind != NO_MODEL)
    return next((part.status for part in missing), 200)


def is_unknown(part: object) -> bool:
    """Whether the service says that there is no such thing."""
    return isinstance(part, Missing) and part.status == NOT_FOUND


def is_missing(part: object) -> bool:
    """For templates."""
    return isinstance(part, Missing)
