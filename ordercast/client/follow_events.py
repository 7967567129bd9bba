"""The feed of events of order_api, over breaks of the connection: each event once, however often it is cut off."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.event_answers import FollowedEvent
from ordercast.client.order_api import OrderApi
from ordercast.client.request import RETRY_FOR_S, TRANSIENT_STATUSES

# Before a stream that broke off is asked for again (s).
PAUSE_S: Final = 0.5
UNAUTHORIZED: Final = 401


async def follow_events(
    order_api: OrderApi,
    *,
    types: Sequence[str] | None = None,
    since: datetime | None = None,
    last_id: str | None = None,
    retry_for_s: float = RETRY_FOR_S,
) -> AsyncIterator[FollowedEvent]:
    """The events of these types (such as `order.placed`; None: all), for ever: those after `last_id`, or from `since` on; without
    either those that come from now on. Keep the `id` of what you are done with, and a new process goes on from there.

    Raises:
        ProblemAnswer: the service refuses; 410 where events after `last_id` are gone.
        ServiceUnreachable: it does not come back for `retry_for_s`.
    """
    # Counted from the first try that fails, so neither a quiet stream nor a slow reader of it uses the time up.
    give_up_at: float | None = None
    renewed = False
    while True:
        failure: Exception | None = ServiceUnreachable("the stream of events ended again and again before it began")
        pause_s = PAUSE_S
        try:
            async for event in order_api.events(types=types, since=since, last_id=last_id):
                # A stream begins with its position: it was answered. Its end is in order, as where the service stops.
                failure, give_up_at, renewed = None, None, False
                last_id = event.id or last_id
                if last_id is not None:
                    yield FollowedEvent(last_id, msgspec.json.decode(event.data) if event.data else None)
        except ServiceUnreachable as error:
            failure = error
        except ProblemAnswer as problem:
            # A token may have ended before its time.
            if problem.status == UNAUTHORIZED and not renewed:
                order_api.session.renew_next()
                renewed = True
            elif problem.status not in TRANSIENT_STATUSES:
                raise
            failure, pause_s = problem, max(pause_s, problem.wait_s)
        if failure is not None:
            if give_up_at is None:
                give_up_at = time.monotonic() + retry_for_s
            if time.monotonic() + pause_s > give_up_at:
                raise failure
        await asyncio.sleep(pause_s)
