"""Sends the deliveries that are due, and tries those that fail again for about a day.

Whoever claims one has it for a while, noted in the row: should it not come back, the delivery is due again, so each one arrives
once or more often. Several of these loops share the work, since none waits for a row that another has claimed.

Each subscription has a few attempts in flight and no more, and who has the fewest comes first: a receiver that is slow or down
keeps no other one waiting. As what notes deliveries, this never ends the relay (`keep_going.py`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Row, text

from ordercast.services.order_api.webhooks.backoff import wait_after
from ordercast.services.order_api.webhooks.keep_going import keep_going, tell
from ordercast.services.order_api.webhooks.post_delivery import Answer
from ordercast.services.order_api.webhooks.signatures import signed_headers
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.process.pause import pause_until

log = structlog.stdlib.get_logger()

# Attempts in flight at once, of this process: of a subscription, and of all. So many that each of as many webhooks as there may be
# has its own, and none waits for another one's receiver.
OF_ONE: Final = 4
IN_ALL: Final = 200
# For which a claimed delivery belongs to who claimed it (s): longer than an attempt takes, and the note of what came of it.
LEASE_S: Final = 60.0
# Between two looks (s) for what is due, unless an attempt ends before.
LOOK_S: Final = 1.0
# A subscription of which no attempt has passed for so long pauses: it would be tried in vain for weeks, and somebody has to look.
PAUSE_AFTER: Final = timedelta(days=1)
# For which attempts may go on when the process stops (s); those that are cut off are repeated.
STOP_S: Final = 3.0

# `statement_timestamp()`: with `clock_timestamp()`, which may be another one for each row, all that waits for later would be read.
_CLAIM: Final = text("""
    WITH due AS (
        SELECT d.id, w.url FROM webhooks AS w
        LEFT JOIN unnest(CAST(:webhooks AS bigint[]), CAST(:counts AS bigint[])) AS busy (webhook_id, count)
            ON busy.webhook_id = w.id
        CROSS JOIN LATERAL (
            SELECT id FROM webhook_deliveries
            WHERE webhook_id = w.id AND state = 'WAITING' AND next_attempt_at <= statement_timestamp()
            ORDER BY next_attempt_at, id LIMIT GREATEST(0, :of_one - COALESCE(busy.count, 0)) FOR UPDATE SKIP LOCKED
        ) AS d
        WHERE w.paused_at IS NULL
        ORDER BY COALESCE(busy.count, 0), d.id LIMIT :free
    )
    UPDATE webhook_deliveries AS c
    SET attempts = attempts + 1, attempted_at = clock_timestamp(),
        next_attempt_at = clock_timestamp() + make_interval(secs => :lease)
    FROM due WHERE due.id = c.id
    RETURNING c.id, c.webhook_id, c.message_id, c.body, c.attempts, c.attempted_at, due.url
""")
# The newest first.
_SECRETS: Final = text("""
    SELECT webhook_id, secret FROM webhook_secrets
    WHERE webhook_id = ANY(CAST(:webhooks AS bigint[])) AND (good_until IS NULL OR good_until > clock_timestamp())
    ORDER BY id DESC
""")
# Whoever claimed it later has another number of attempts: what came of an attempt that lasted too long is passed over.
_NOTE: Final = text("""
    UPDATE webhook_deliveries
    SET state = :state, next_attempt_at = clock_timestamp() + make_interval(secs => CAST(:wait AS double precision)),
        answer_status = :status, answer = :answer, duration_ms = :duration_ms
    WHERE id = :id AND attempts = :attempts AND state = 'WAITING'
""")
# Both touch a row seldom: at the first failure, at the one that is too many, and when it is over.
_PASSED: Final = text(
    "UPDATE webhooks SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL AND paused_at IS NULL"
)
_FAILED: Final = text("""
    UPDATE webhooks SET failing_since = coalesce(failing_since, clock_timestamp()),
        paused_at = CASE WHEN failing_since IS NOT NULL THEN clock_timestamp() END,
        pause_reason = CASE WHEN failing_since IS NOT NULL THEN 'FAILING' END
    WHERE id = :id AND paused_at IS NULL
        AND (failing_since IS NULL OR failing_since < clock_timestamp() - CAST(:pause_after AS interval))
    RETURNING paused_at
""")


class Post(Protocol):
    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


class SendDeliveries:
    """One loop of possibly several. `wait_after` says how long to wait after so many attempts; None: no more."""

    def __init__(
        self, sessions: Sessions, post: Post, *, wait_after: Callable[[int], float | None] = wait_after
    ) -> None:
        self._sessions = sessions
        self._post = post
        self._wait_after = wait_after
        self._in_flight: dict[asyncio.Task[None], int] = {}
        self._ended = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set."""

        async def send() -> float:
            self._ended.clear()  # before the look: what ends after it makes room for more
            if not await self.send_due():
                await pause_until((stopping, self._ended), LOOK_S)
            return 0.0

        try:
            await keep_going(send, stopping, name="send")
        finally:
            await self._stop()

    async def send_due(self) -> int:
        """Begins to send what is due, as far as there is room; how many deliveries that are."""
        if len(self._in_flight) >= IN_ALL:
            return 0
        rows, secrets = await self._claim()
        for row in rows:
            task = asyncio.create_task(self._send(row, secrets.get(row.webhook_id, [])), name="webhook-delivery")
            self._in_flight[task] = row.webhook_id
            task.add_done_callback(self._forget)
        return len(rows)

    async def _claim(self) -> tuple[Sequence[Row[Any]], Mapping[int, list[bytes]]]:
        busy = Counter(self._in_flight.values())
        room = {"of_one": OF_ONE, "free": IN_ALL - len(self._in_flight), "lease": LEASE_S}
        async with self._sessions() as session, session.begin():
            claimed = await session.execute(_CLAIM, room | {"webhooks": list(busy), "counts": list(busy.values())})
            rows = claimed.all()
            secrets: dict[int, list[bytes]] = {}
            if rows:
                wanted = sorted({row.webhook_id for row in rows})
                for webhook_id, secret in await session.execute(_SECRETS, {"webhooks": wanted}):
                    secrets.setdefault(webhook_id, []).append(secret)
        return rows, secrets

    async def _send(self, row: Row[Any], secrets: Sequence[bytes]) -> None:
        try:
            # By the database's clock: that of a single relay may be wrong, and receivers refuse what is not of these minutes.
            headers = signed_headers(row.message_id, int(row.attempted_at.timestamp()), row.body, secrets)
            answer = await self._post(row.url, headers, row.body)
            await self._note(row, answer)
        except Exception as error:  # the lease ends, and it is sent again
            tell(error, "send")

    async def _note(self, row: Row[Any], answer: Answer) -> None:
        wait = None if answer.is_success else self._wait_after(row.attempts)
        state = "DELIVERED" if answer.is_success else "FAILED" if wait is None else "WAITING"
        noted = {"state": state, "wait": wait, "id": row.id, "attempts": row.attempts}
        came = {"status": answer.status, "answer": answer.start, "duration_ms": answer.duration_ms}
        async with self._sessions() as session, session.begin():
            # The subscription first, as whoever replays or deletes: nobody waits for each other.
            if answer.is_success:
                await session.execute(_PASSED, {"id": row.webhook_id})
            else:
                failed = {"id": row.webhook_id, "pause_after": PAUSE_AFTER}
                if (await session.execute(_FAILED, failed)).scalar() is not None:
                    log.warning("a webhook fails for long and pauses", webhook=row.webhook_id, status=answer.status)
            await session.execute(_NOTE, noted | came)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._ended.set()

    async def _stop(self) -> None:
        if not self._in_flight:
            return
        _, late = await asyncio.wait(list(self._in_flight), timeout=STOP_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
