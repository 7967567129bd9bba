"""Answers that go on for long, such as streams of events: they end with the right to have them."""

import time
from collections.abc import Callable
from typing import Final

from fastapi import Request

from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.http.authentication import caller_of
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.problem import Problem

# Between two looks (s): access tokens that ended are known as soon, API keys that were revoked within three.
LOOK_EVERY_S: Final = 1.0


class StillAllowed:
    """Whether the caller of a request may still have its answer. Call it as often as something goes out, or could.

    The request is judged as at its start, so that whatever would refuse it now ends its answer: an ended token, a revoked key, a
    blocked account, another role. While the database is away, API keys are good until the answer's end at the latest.
    `now` is the time (Unix, s).
    """

    def __init__(self, request: Request, caller: Caller, now: Callable[[], float] = time.time) -> None:
        self._request = request
        self._caller = caller
        self._now = now
        self._look_at = now() + LOOK_EVERY_S

    async def __call__(self) -> bool:
        now = self._now()
        if now >= self._caller.ends_at:
            return False
        if now < self._look_at:
            return True
        self._look_at = now + LOOK_EVERY_S
        try:
            return await caller_of(self._request) == self._caller
        except Problem:
            return False
        except Exception as error:
            if not is_unavailable(error):
                raise
            return True
