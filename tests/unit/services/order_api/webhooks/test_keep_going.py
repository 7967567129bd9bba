"""Whatever fails is made again and counted; what nobody expects is told with where it happened."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from ordercast.services.order_api.errors import PositionMoved
from ordercast.services.order_api.webhooks import keep_going
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.telemetry.metrics import WEBHOOK_FAILURES


def failures() -> float:
    value: float = WEBHOOK_FAILURES.labels("note")._value.get()
    return value


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (BrokerUnavailable("away"), "warning"),
        (PositionMoved("another one"), "warning"),
        (ConnectionRefusedError("away"), "warning"),
        (KeyError("a bug"), "error"),
        (ValueError("a bug"), "error"),
    ],
)
async def test_it_is_made_again_and_told(error: Exception, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_going, "RETRY_S", 0.0)
    stopping, before = asyncio.Event(), failures()
    outcomes: Iterator[Exception | None] = iter([error, error, None])

    async def work() -> float:
        if failure := next(outcomes):
            raise failure
        stopping.set()
        return 60.0

    with capture_logs() as lines:
        await keep_going.keep_going(work, stopping, name="note")
    assert failures() == before + 2
    assert [(line["log_level"], line["work"]) for line in lines] == [(level, "note")] * 2
    assert all(("exc_info" in line) == (level == "error") for line in lines)


async def test_it_stops_at_once_though_nothing_is_to_do_for_long() -> None:
    stopping = asyncio.Event()
    began = asyncio.Event()

    async def work() -> float:
        began.set()
        return 3_600.0

    task = asyncio.create_task(keep_going.keep_going(work, stopping, name="note"))
    await began.wait()
    stopping.set()
    async with asyncio.timeout(5):
        await task
