"""POST /trainings and what becomes of it, through HTTP."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import select, text
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import decode
from ordercast.contracts.events import ModelPublished
from ordercast.contracts.model_manifest import MANIFEST_FILE, Judgement, decode_manifest, file_entry
from ordercast.contracts.model_signature import decode_signature, signed_text
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.trainer import recipes
from ordercast.services.trainer.jobs import announce_models
from ordercast.services.trainer.jobs.tables import Training
from tests.integration.trainer.conftest import TRAINED_WITHIN_S, Workplace, eventually, start, until
from tests.support.fresh_topics import FreshTopics
from tests.support.recorded_spans import parent_of, recorded_spans, traceparent_of
from tests.support.seeds import seed_accounts
from tests.support.training_jobs import SMALL_LAYERS

# Far longer than any test takes.
ENDLESS = {"epochs": 10_000, "batch_size": 1}
ENDED = {"succeeded", "failed", "cancelled"}


@pytest.fixture(autouse=True)
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline with few layers, which compile in a second: what is tested here is all around them."""
    small = msgspec.structs.replace(recipes.BASELINE, layers=SMALL_LAYERS)
    monkeypatch.setattr(recipes, "RECIPES", {"baseline": small})


def has_ended(training: dict[str, Any]) -> bool:
    return training["status"] in ENDED


def has_begun(training: dict[str, Any]) -> bool:
    return bool(training["progress"]["epoch"] > 0)


async def events_of(client: httpx.AsyncClient, training_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event until the stream ends."""
    body = (await client.get(f"/trainings/{training_id}/events")).text
    events = []
    for block in body.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "event" in lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


async def test_a_token_that_ended_before_its_time_is_refused_within_seconds(workplace: Workplace) -> None:
    assert await seed_accounts(workplace.sessions, 1) == [1]  # the workplace's own
    async with workplace.trainer() as client:
        assert (await client.get("/trainings")).status_code == 200
        async with workplace.sessions() as session, session.begin():
            await session.execute(text("UPDATE accounts SET token_version = 1, tokens_ended_at = now()"))
        async with asyncio.timeout(TRAINED_WITHIN_S):
            while (await client.get("/trainings")).status_code != 401:
                await asyncio.sleep(0.02)


async def test_who_asks_for_a_training_and_cancels_it_has_a_line(workplace: Workplace) -> None:
    async with workplace.trainer() as client:
        refused = await client.post("/trainings", json={"recipe": "baseline"}, headers=workplace.token("SERVICE"))
        assert refused.status_code == 403
        training_id = await start(client, **ENDLESS)
        for _ in range(2):
            assert (await client.delete(f"/trainings/{training_id}")).status_code in (202, 409)
        await eventually(client, training_id, has_ended)
    async with workplace.sessions() as session:
        lines = list(await session.scalars(select(AuditLine).order_by(AuditLine.id)))
    subject = f"trainings/{training_id}"
    assert [(line.kind, line.account_id, line.subject, line.address, line.details) for line in lines] == [
        ("training-asked", 1, subject, "127.0.0.1", {"recipe": "baseline"}),
        ("training-cancelled", 1, subject, "127.0.0.1", {}),
    ]


async def test_a_training_becomes_a_published_and_announced_version(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    await workplace.add_pairs(60)
    async with workplace.trainer() as client:
        training_id = await start(client)
        events = await events_of(client, training_id)
        training = (await client.get(f"/trainings/{training_id}")).json()
        await until_announced(workplace, UUID(training_id))

    epochs, networks = ([data for name, data in events if name == told] for told in ("epoch", "networks"))
    assert [data["epoch"] for data in epochs] == [1, 2, 3]
    assert all(data["epochs"] == 3 and len(data["loss"]) == len(data["val_loss"]) == 2 for data in epochs)
    assert events[-1] == ("ended", training)
    assert training["networks"] == networks[-1:]
    assert len(networks[-1]["collapsed"]) == training["collapsed_members"]
    assert (training["status"], training["error"]) == ("succeeded", None)
    assert training["progress"] == {"epoch": 3, "epochs": 3, "events_behind": 0}
    assert training["metrics"].keys() >= {"holdout_rows", "ensemble", "mean", "line", "members", "beats_mean"}

    judgement = training["judgement"]
    assert (judgement["quality"], judgement["collapsed_members"]) == (
        training["quality"],
        training["collapsed_members"],
    )

    folder = workplace.settings.artifacts_dir / training["model_version"]
    raw = (folder / MANIFEST_FILE).read_bytes()
    manifest = decode_manifest(raw)
    assert (manifest.training_id, manifest.seed, manifest.data.rows) == (training_id, 7, 60)
    assert manifest.judgement == msgspec.convert(judgement, Judgement)
    assert [(p.topic, p.partition, p.next_offset) for p in manifest.data.positions] == [("orders", 1, 60)]

    async with workplace.sessions() as session:
        record = (await session.scalars(select(ModelVersion))).one()
    assert (record.version, str(record.training_id), record.recipe) == (folder.name, training_id, "baseline")
    assert record.manifest_sha256 == file_entry(raw).sha256
    assert record.manifest_signature is not None
    signed = signed_text("baseline", record.version, record.manifest_sha256)
    workplace.signing_key.public_key().verify(decode_signature(record.manifest_signature), signed)
    announced = [decode(r.headers, r.value).event async for r in read_topic(fresh_topics.bootstrap, "models")]
    assert announced == [
        ModelPublished(record.version, "baseline", record.manifest_sha256, record.published_at),
    ]


async def add_version_without_event(workplace: Workplace, version: str) -> UUID:
    """What a trainer leaves behind that was killed between the commit and the event."""
    training_id = uuid7()
    async with workplace.sessions() as session, session.begin():
        session.add(ModelVersion(version=version, training_id=training_id, recipe="baseline", manifest_sha256="0" * 64))
        session.add(
            Training(
                id=training_id,
                recipe="baseline",
                members=1,
                epochs=1,
                batch_size=1,
                seed=1,
                status="succeeded",
                model_version=version,
            )
        )
    return training_id


async def until_announced(workplace: Workplace, training_id: UUID) -> None:
    async def is_announced() -> bool:
        async with workplace.sessions() as session:
            return (await session.get_one(Training, training_id)).announced_at is not None

    await until(is_announced)


async def test_a_version_whose_event_was_not_sent_is_announced_at_the_next_start(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    version = "v20260102T030405-0a1b2c3d"
    training_id = await add_version_without_event(workplace, version)
    async with workplace.trainer():
        await until_announced(workplace, training_id)
    keys = [record.key async for record in read_topic(fresh_topics.bootstrap, "models")]
    assert keys == [version.encode()]


async def test_a_version_of_a_trainer_that_is_gone_is_announced_by_another_one(
    workplace: Workplace, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce_models, "LOOK_EVERY_S", 0.5)
    first, second = "v20260102T030405-0a1b2c3d", "v20260102T030406-0a1b2c3d"
    async with workplace.trainer():
        # Once the first is announced, the look at the start is over.
        await until_announced(workplace, await add_version_without_event(workplace, first))
        await until_announced(workplace, await add_version_without_event(workplace, second))
    keys = [record.key async for record in read_topic(fresh_topics.bootstrap, "models")]
    assert keys == [first.encode(), second.encode()]


async def test_a_running_training_can_be_cancelled_and_publishes_nothing(workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    async with workplace.trainer() as client:
        training_id = await start(client, **ENDLESS)
        await eventually(client, training_id, has_begun)
        assert (await client.delete(f"/trainings/{training_id}")).status_code == 202
        training = await eventually(client, training_id, has_ended)
        again = await client.delete(f"/trainings/{training_id}")

    assert training["status"] == "cancelled"
    assert (again.status_code, again.json()["status"]) == (202, "cancelled")
    assert training["model_version"] is None
    assert workplace.versions == []


async def test_a_training_in_hand_goes_back_into_the_queue_when_the_trainer_stops(workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    async with workplace.trainer() as client:
        training_id = await start(client, **ENDLESS)
        await eventually(client, training_id, has_begun)

    async with workplace.sessions() as session:
        training = await session.get_one(Training, UUID(training_id))
    assert (training.status, training.attempts, training.lease_owner) == ("queued", 0, None)


@pytest.mark.parametrize("rows", [0, 1, 3])
async def test_too_few_rows_fail_the_training_with_the_reason(workplace: Workplace, rows: int) -> None:
    if rows:
        await workplace.add_pairs(rows)
    async with workplace.trainer() as client:
        training = await eventually(client, await start(client), has_ended)

    reasons = {0: "there is no data to train on", 1: "1 row is too few to split", 3: "3 rows are too few to split"}
    assert training["status"] == "failed"
    assert reasons[rows] in training["error"]
    assert workplace.versions == []


async def test_rows_without_an_order_are_no_data(workplace: Workplace) -> None:
    await workplace.add_pairs(20, ordered=False)
    async with workplace.trainer() as client:
        training = await eventually(client, await start(client), has_ended)

    assert "no feature row has an order yet" in training["error"]


async def test_an_unknown_recipe_is_refused_with_the_known_ones(workplace: Workplace) -> None:
    async with workplace.trainer() as client:
        answer = await client.post("/trainings", json={"recipe": "best"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "known are: baseline" in answer.json()["detail"]
    assert [error["field"] for error in answer.json()["errors"]] == ["recipe"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": 0},
        {"members": 101},
        {"epochs": 10_001},
        {"epochs": "3"},
        {"epochs": 1.5},
        {"batch_size": 0},
        {"seed": -1},
        {"seed": 2**31},
        {"learning_rate": 1},
    ],
)
async def test_values_out_of_bounds_and_unknown_fields_are_refused_by_name(
    workplace: Workplace, wrong: dict[str, Any]
) -> None:
    async with workplace.trainer() as client:
        answer = await client.post("/trainings", json={"recipe": "baseline"} | wrong)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(wrong)


async def test_trainings_are_listed_newest_first_in_pages(workplace: Workplace) -> None:
    async with workplace.trainer() as client:
        started = [await start(client) for _ in range(3)]
        first = (await client.get("/trainings", params={"limit": 2})).json()
        rest = (await client.get("/trainings", params={"limit": 2, "starting_after": first["data"][-1]["id"]})).json()

    assert [row["id"] for row in first["data"] + rest["data"]] == started[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_a_training_that_is_not_there_is_a_404_everywhere(workplace: Workplace) -> None:
    unknown = f"/trainings/{uuid7()}"
    async with workplace.trainer() as client:
        answers = [await client.get(unknown), await client.get(f"{unknown}/events"), await client.delete(unknown)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {answer.json()["type"] for answer in answers} == {"/problems/training-not-found"}


async def test_a_training_that_has_failed_cannot_be_cancelled(workplace: Workplace) -> None:
    async with workplace.trainer() as client:
        training_id = await start(client)
        await eventually(client, training_id, has_ended)
        answer = await client.delete(f"/trainings/{training_id}")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/training-finished")


async def test_only_an_admin_comes_in(workplace: Workplace) -> None:
    training = f"/trainings/{uuid7()}"
    requests = [
        ("POST", "/trainings"),
        ("GET", "/trainings"),
        ("GET", training),
        ("GET", f"{training}/events"),
        ("DELETE", training),
    ]
    async with workplace.trainer() as client:
        for method, path in requests:
            body: dict[str, Any] = {"json": {"recipe": "baseline"}} if method == "POST" else {}
            customer = await client.request(method, path, headers=workplace.token("CUSTOMER"), **body)
            nobody = await client.request(method, path, headers={"Authorization": ""}, **body)
            assert (customer.status_code, nobody.status_code) == (403, 401), path


async def test_the_keepers_endpoints_need_no_token(workplace: Workplace) -> None:
    async with workplace.trainer() as client:
        answers = {
            path: await client.get(path, headers={"Authorization": ""}) for path in ("/healthz", "/readyz", "/metrics")
        }

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert answers["/readyz"].json()["checks"]["database"] == "ok"
    assert "ordercast_trainings_total" in answers["/metrics"].text


async def test_a_training_belongs_to_the_trace_of_the_request_that_asked_for_it(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    await workplace.add_pairs(60)
    traceparent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    with recorded_spans() as recorded:
        async with workplace.trainer() as client:
            client.headers["traceparent"] = traceparent
            training_id = await start(client)
            del client.headers["traceparent"]
            training = await eventually(client, training_id, has_ended)

            async def is_announced() -> bool:
                return "send models" in recorded.names

            await until(is_announced)
        [asked] = [span for span in recorded.all if span.name == "POST /trainings"]
        [train] = [span for span in recorded.all if span.name == "train"]
        [announced] = [span for span in recorded.all if span.name == "send models"]
    assert training["status"] == "succeeded", training
    assert parent_of(asked) == "cd" * 8
    assert parent_of(train) == parent_of(announced) == traceparent_of(asked).split("-")[2]
    assert [event.name for event in train.events] == ["epoch"] * 3
    assert (train.attributes or {})["ordercast.training.status"] == "succeeded"
    async for record in read_topic(fresh_topics.bootstrap, "models"):
        assert decode(record.headers, record.value).traceparent == traceparent_of(announced)
