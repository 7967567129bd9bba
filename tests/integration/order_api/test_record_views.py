"""Two processes with one Idempotency-Key, on a real database: whoever comes first or last, each line counts once."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

import pytest
from sqlalchemy import text

from ordercast.client.request import LONGEST_PAUSE_S, RETRY_FOR_S
from ordercast.contracts.limits import MAX_BATCH_LINES
from ordercast.services.order_api.errors import BatchIncomplete, KeyInFlight, KeyReused, Overloaded
from ordercast.services.order_api.refused_lines import RefusedLine
from ordercast.services.order_api.views import send_once
from ordercast.services.order_api.views.batch_progress import decoded, digest_of
from ordercast.services.order_api.views.limit_views import ViewLimits
from ordercast.services.order_api.views.lines import ViewLine
from ordercast.services.order_api.views.record_views import Batch, RecordViews
from ordercast.services.order_api.views.send_views import SendViews, View
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, NotSent, RecordRefused
from ordercast.services.shared.kafka.publisher import PUBLISH_DEADLINE_S
from tests.support.order_api import RunningApi

COUNTS = None
UNKNOWN = BrokerUnavailable("away")
REFUSED = RecordRefused("never")
NOT_SENT = NotSent("no broker")


class Process(SendViews):
    """An order_api of its own, whose Kafka answers what the test says, by line, once `kafka_answers` is set."""

    def __init__(self, api: RunningApi, answers: Mapping[int, KafkaError | None] | Exception) -> None:
        self.views = RecordViews(api.service.sessions, self, ViewLimits.of(views=100, lines=MAX_BATCH_LINES))
        self.answers = answers
        self.sent: list[tuple[str, int]] = []
        self.is_sending = asyncio.Event()
        self.kafka_answers = asyncio.Event()

    async def send(self, views: Sequence[View]) -> list[KafkaError | None]:
        numbers = [(view.sequence.producer, view.sequence.number) for view in views if view.sequence]
        self.sent += numbers
        self.is_sending.set()
        await self.kafka_answers.wait()
        if isinstance(self.answers, Exception):
            raise self.answers
        return [self.answers[number] for _, number in numbers]


Record = Callable[..., "asyncio.Task[bytes]"]


@pytest.fixture
async def record(api: RunningApi) -> Record:
    """record(process, counts): a batch of views with these counts by line, None for a line that is refused."""
    customer = await api.customer()
    product = int((await api.product(await api.admin()))["id"])

    def start(process: Process, counts: Sequence[int | None], *, at_once: bool = True) -> "asyncio.Task[bytes]":
        lines = [(n, ViewLine(product_id=product, count=count)) for n, count in enumerate(counts, 1) if count]
        refused = [RefusedLine(n, "misspelt") for n, count in enumerate(counts, 1) if not count]
        digests = {number: digest_of(str(line.count).encode()) for number, line in lines}
        batch = Batch(lines, refused, digests, hashlib.sha256(str(counts).encode()).digest(), "key", None)
        if at_once:
            process.kafka_answers.set()
        return asyncio.create_task(answer(process, batch))

    async def answer(process: Process, batch: Batch) -> bytes:
        return (await process.views.record_batch(Caller(customer.id, "CUSTOMER"), batch)).body

    return start


async def test_while_one_process_records_a_batch_another_one_does_not(api: RunningApi, record: Record) -> None:
    one, other = Process(api, {1: COUNTS}), Process(api, {})
    first = record(one, [1, None], at_once=False)
    await one.is_sending.wait()
    for body in ([1, None], [1, 2]):
        with pytest.raises(KeyInFlight):
            await record(other, body)
    one.kafka_answers.set()
    answer = await first
    assert await record(other, [1, None]) == answer
    with pytest.raises(KeyReused):
        await record(other, [1, 2])
    assert other.sent == []


async def test_a_cancelled_try_lets_go_of_its_batch_at_once(api: RunningApi, record: Record) -> None:
    one, other = Process(api, {}), Process(api, {1: COUNTS})
    cancelled = record(one, [1], at_once=False)
    await one.is_sending.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await record(other, [1]) == b'{"accepted":1,"refused":[]}'
    assert other.sent == one.sent


async def test_a_try_that_lasts_longer_than_its_hold_keeps_it_and_forgets_what_was_not_sent(
    api: RunningApi, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_once, "RENEW_EVERY_S", 0.01)
    slow, other = Process(api, {1: UNKNOWN, 2: NOT_SENT}), Process(api, {1: COUNTS, 2: COUNTS})
    with monkeypatch.context() as patch:
        patch.setattr(send_once, "HOLD_S", -1.0)
        first = record(slow, [1, 2], at_once=False)
        await slow.is_sending.wait()
    async with asyncio.timeout(30):
        while not await is_held(api):
            await asyncio.sleep(0.01)
    with pytest.raises(KeyInFlight):
        await record(other, [1, 2])
    slow.kafka_answers.set()
    with pytest.raises(BatchIncomplete):
        await first
    assert await record(other, [1, 3]) == b'{"accepted":2,"refused":[]}'


async def is_held(api: RunningApi) -> bool:
    """Whether the only batch of the test is held."""
    async with api.service.sessions() as session:
        progress = (await session.execute(text("SELECT progress FROM idempotency_keys"))).scalar_one()
    return decoded(progress).is_held(time.time())


def test_a_client_repeats_for_longer_than_two_deadlines_of_kafka_and_a_hold() -> None:
    assert RETRY_FOR_S > 2 * PUBLISH_DEADLINE_S + send_once.HOLD_S + LONGEST_PAUSE_S


@pytest.mark.parametrize("of_the_second", [COUNTS, UNKNOWN])
async def test_a_process_whose_time_is_over_forgets_no_line_that_another_has_sent(
    api: RunningApi, record: Record, monkeypatch: pytest.MonkeyPatch, of_the_second: KafkaError | None
) -> None:
    slow, quick, last = (
        Process(api, {1: UNKNOWN, 2: REFUSED}),
        Process(api, {1: UNKNOWN, 2: of_the_second}),
        Process(api, {1: COUNTS, 2: COUNTS}),
    )
    with monkeypatch.context() as patch:
        patch.setattr(send_once, "HOLD_S", -1.0)
        first = record(slow, [1, 2], at_once=False)
        await slow.is_sending.wait()
    with pytest.raises(BatchIncomplete):
        await record(quick, [1, 2])
    slow.kafka_answers.set()
    with pytest.raises(BatchIncomplete):
        await first
    assert await record(last, [1, 2]) == b'{"accepted":2,"refused":[]}'
    assert quick.sent == slow.sent
    assert last.sent == (slow.sent[:1] if of_the_second is COUNTS else slow.sent)


async def test_a_process_whose_time_is_over_does_not_answer_for_the_corrected_batch(
    api: RunningApi, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the repeat that a 503 asks for would be refused, and line 2 could never be finished."""
    slow, quick, last = Process(api, {1: COUNTS}), Process(api, {1: UNKNOWN, 2: UNKNOWN}), Process(api, {2: COUNTS})
    with monkeypatch.context() as patch:
        patch.setattr(send_once, "HOLD_S", -1.0)
        first = record(slow, [1, None], at_once=False)
        await slow.is_sending.wait()
    with pytest.raises(BatchIncomplete):
        await record(quick, [1, 2])
    slow.kafka_answers.set()
    await first
    assert await record(last, [1, 2]) == b'{"accepted":2,"refused":[]}'
    assert last.sent == quick.sent[1:]


@pytest.mark.parametrize("answers", [{1: NOT_SENT, 2: NOT_SENT}, Overloaded("too many")])
async def test_what_was_not_sent_can_be_corrected_at_once(
    api: RunningApi, record: Record, answers: Mapping[int, KafkaError | None] | Exception
) -> None:
    with pytest.raises((NotSent, Overloaded)):
        await record(Process(api, answers), [1, 2])
    last = Process(api, {1: COUNTS, 2: COUNTS})
    assert await record(last, [1, 3]) == b'{"accepted":2,"refused":[]}'


async def test_a_line_that_may_have_arrived_keeps_its_number_when_a_repeat_is_not_sent(
    api: RunningApi, record: Record
) -> None:
    one, two, three = (
        Process(api, {1: UNKNOWN, 2: UNKNOWN}),
        Process(api, {1: UNKNOWN, 2: NOT_SENT}),
        Process(api, {1: COUNTS, 2: COUNTS}),
    )
    for process in (one, two):
        with pytest.raises(BatchIncomplete) as incomplete:
            await record(process, [1, 2])
    assert (incomplete.value.members["counted"], incomplete.value.members["unknown"]) == ([], [1])
    with pytest.raises(KeyReused):
        await record(three, [1, 3])
    await record(three, [1, 2])
    assert three.sent == two.sent == one.sent


async def test_a_line_that_kafka_refused_comes_in_by_a_stream_of_its_own(api: RunningApi, record: Record) -> None:
    """Later numbers of its first stream have gone out: under its old number no consumer would count it."""
    one, two = Process(api, {1: REFUSED, 2: COUNTS, 3: UNKNOWN}), Process(api, {1: COUNTS, 3: COUNTS})
    with pytest.raises(BatchIncomplete):
        await record(one, [1, 2, 3])
    assert await record(two, [9, 2, 3]) == b'{"accepted":3,"refused":[]}'
    assert two.sent[1] == one.sent[2]
    assert two.sent[0] != one.sent[0]
