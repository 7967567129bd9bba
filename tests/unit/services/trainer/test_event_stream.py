from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ordercast.services.trainer import event_stream
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.event_stream import EventStream
from ordercast.services.trainer.jobs.answers import EpochEvent, NetworksEvent, Progress, TrainingAnswer, WaitingEvent
from ordercast.services.trainer.settings import TrainerSettings
from tests.support.described_answers import differences

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
WAITING = WaitingEvent(events_behind=49)
EPOCH = EpochEvent(epoch=1, epochs=2, loss=[1.5, None], val_loss=[2.5, 0.5])
NETWORKS = NetworksEvent(question="line", epoch=1, collapsed=[2], trained_again=[2], attempt=1, attempts=3)
ENDED = TrainingAnswer(
    id=UUID(int=1),
    recipe="baseline",
    members=2,
    epochs=2,
    batch_size=32,
    seed=7,
    horizon_days=None,
    until=None,
    publish="always",
    asked_by=None,
    asked_by_rule=None,
    rules=[],
    settings=None,
    made=None,
    status="succeeded",
    progress=Progress(2, 2),
    metrics={"holdout_rows": 3},
    quality="worse than the mean",
    collapsed_members=1,
    judgement={"reason": "because"},
    verdict="published",
    verdict_reason="because",
    questions=None,
    networks=[NETWORKS],
    because={"code": "no-data", "values": {}},
    model_version="v",
    error=None,
    created_at=MOMENT,
    started_at=MOMENT,
    finished_at=None,
)


async def streamed(*events: event_stream.Event | None) -> list[bytes]:
    async def told() -> AsyncIterator[event_stream.Event | None]:
        for event in events:
            yield event

    return [bytes(part) async for part in EventStream(told()).body_iterator]  # type: ignore[arg-type]


async def test_waiting_an_epoch_and_the_end_are_events_of_their_names() -> None:
    waiting, epoch, networks, ended = await streamed(WAITING, EPOCH, NETWORKS, ENDED)
    assert waiting == b'event: waiting\ndata: {"events_behind":49}\n\n'
    assert epoch == b'event: epoch\ndata: {"epoch":1,"epochs":2,"loss":[1.5,null],"val_loss":[2.5,0.5]}\n\n'
    assert networks.startswith(b'event: networks\ndata: {"question":"line","epoch":1,"collapsed":[2],')
    assert ended.startswith(b'event: ended\ndata: {"id":"00000000-0000-0000-0000-000000000001",')


async def test_a_training_without_news_is_pinged_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await streamed(None, None) == []
    monkeypatch.setattr(event_stream, "PING_S", -1.0)
    assert await streamed(None, EPOCH, None) == [b": ping\n\n", (await streamed(EPOCH))[0], b": ping\n\n"]


async def test_each_event_is_what_the_openapi_document_says(tmp_path: Path) -> None:
    settings = TrainerSettings(
        database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
        kafka_bootstrap="127.0.0.1:1",
        artifacts_dir=tmp_path,
        token_public_key_file=tmp_path / "public.pem",
    )
    document: dict[str, Any] = trainer_app(settings).openapi()
    content = document["paths"]["/trainings/{training_id}/events"]["get"]["responses"]["200"]["content"]
    described = content["text/event-stream"]["itemSchema"]["oneOf"]
    for block, schema in zip(await streamed(WAITING, EPOCH, NETWORKS, ENDED), described, strict=True):
        event = dict(line.split(": ", 1) for line in block.decode().strip().split("\n"))
        assert event["event"] == schema["properties"]["event"]["const"]
        answer = msgspec.json.decode(event["data"])
        assert differences(document, schema["properties"]["data"]["contentSchema"], answer) == []
        assert differences(document, schema["properties"]["data"]["contentSchema"], answer | {"more": 1}) != []
