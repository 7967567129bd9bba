"""An operator chooses a version: all predictors follow, restarts keep it, and requests never see half a change."""

import asyncio
from datetime import datetime
from functools import partial

import httpx
import msgspec
import pytest
from sqlalchemy import select

from ordercast.contracts.envelope import decode
from ordercast.contracts.events import ModelActivated
from ordercast.contracts.model_manifest import MANIFEST_FILE, WEIGHTS_FILE
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.kafka.open_consumer import read_topic
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import (
    announce,
    damage,
    eventually,
    eventually_listens,
    eventually_serves,
    serves,
    states,
)
from tests.support.fresh_topics import FreshTopics
from tests.support.model_artifacts import WrittenModel, judgement, write_model


async def test_an_older_version_is_activated_in_all_predictors_and_stays_after_a_restart(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    older, newer = await workplace.publish(1.0), await workplace.publish(2.0)
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as one, workplace.predictor() as other:
        for client in (one, other):
            await eventually_serves(client, newer)
            await eventually_listens(client)
        answer = await one.post(f"/models/{older.version}/activate", headers=admin)
        assert answer.status_code == 200
        assert answer.json()["announced"] is True
        assert await serves(one, older)
        await eventually_serves(other, older)
        assert await states(one) == {older.version: "current", newer.version: "previous"}
    async with workplace.predictor() as restarted:
        await eventually_serves(restarted, older)


async def test_a_pin_holds_against_new_versions_and_restarts_until_it_is_taken_back_everywhere(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    pinned, before = await workplace.publish(1.0), await workplace.publish(2.0)
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as one:
        await eventually_listens(one)
        assert (await one.post(f"/models/{pinned.version}/activate", headers=admin)).status_code == 200
        challenger = await workplace.publish(3.0)
        await announce(fresh_topics.bootstrap, challenger)
        await eventually(lambda: waits(one, challenger))
        assert await serves(one, pinned)
    async with workplace.predictor() as restarted, workplace.predictor() as other:
        for client in (restarted, other):
            await eventually_serves(client, pinned)
            await eventually_listens(client)
            await eventually(partial(waits, client, challenger))
        shown = await states(restarted)
        assert (shown[before.version], shown[challenger.version]) == ("available", "challenger")
        assert (await restarted.delete("/models/pin", headers=workplace.token(1))).status_code == 403
        answer = (await restarted.delete("/models/pin", headers=admin)).json()
        assert answer == {"unpinned": pinned.version, "version": challenger.version, "announced": True}
        for client in (restarted, other):
            await eventually_serves(client, challenger)
        assert (await restarted.get("/models/current")).json()["pinned"] is False
        assert (await restarted.delete("/models/pin", headers=admin)).json()["unpinned"] is None
        newest = await workplace.publish(4.0)
        await announce(fresh_topics.bootstrap, newest)
        await eventually_serves(other, newest)
    async with workplace.sessions() as session:
        lines = list(await session.scalars(select(AuditLine).order_by(AuditLine.id)))
    # Who was not allowed to, and what changed nothing, have none.
    assert [(line.kind, line.account_id, line.subject, line.address, line.details) for line in lines] == [
        ("model-pinned", 1, f"models/{pinned.version}", "127.0.0.1", {}),
        ("model-unpinned", 1, None, "127.0.0.1", {"recipe": "baseline", "versions": [pinned.version]}),
    ]


async def test_unpinning_serves_the_version_published_last_though_it_is_from_before_the_pin(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    older, newest = await workplace.publish(1.0), await workplace.publish(2.0)
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as one, workplace.predictor() as other:
        for client in (one, other):
            await eventually_listens(client)
        for _ in range(2):
            assert (await one.post(f"/models/{older.version}/activate", headers=admin)).status_code == 200
            await eventually_serves(other, older)
            answer = (await one.delete("/models/pin", headers=admin)).json()
            assert answer == {"unpinned": older.version, "version": newest.version, "announced": True}
            await eventually_serves(other, newest)
    async with workplace.predictor() as restarted:
        await eventually_serves(restarted, newest)


async def test_unpinning_without_any_version_is_an_answer(workplace: Workplace, fresh_topics: FreshTopics) -> None:
    async with workplace.predictor() as client:
        answer = await client.delete("/models/pin", headers=workplace.token(1, "ADMIN"))
        assert (answer.status_code, answer.json()) == (200, {"unpinned": None, "version": None, "announced": True})


async def test_of_two_choices_the_later_is_pinned(workplace: Workplace) -> None:
    first, second = await workplace.publish(1.0), await workplace.publish(2.0)
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as client:
        for model in (second, first):
            assert (await client.post(f"/models/{model.version}/activate", headers=admin)).status_code == 200
        pins = {row["version"]: row["pinned"] for row in (await client.get("/models")).json()["data"]}
        assert pins == {first.version: True, second.version: False}
    async with workplace.predictor() as restarted:
        await eventually_serves(restarted, first)


async def waits(client: httpx.AsyncClient, model: WrittenModel) -> bool:
    current = (await client.get("/models/current")).json()
    return (current.get("pinned"), current.get("challenger")) == (True, model.version)


async def test_an_activation_is_an_event_of_the_contract(workplace: Workplace, fresh_topics: FreshTopics) -> None:
    model = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        answer = await client.post(f"/models/{model.version}/activate", headers=workplace.token(1, "ADMIN"))
        activated_at = datetime.fromisoformat(answer.json()["activated_at"])
    records = [record async for record in read_topic(fresh_topics.bootstrap, "models")]
    [envelope] = [decode(record.headers, record.value) for record in records]
    assert envelope.event == ModelActivated(model.version, activated_at)
    assert [record.key for record in records] == [model.version.encode()]


async def test_activating_a_damaged_version_changes_nothing_and_tells_the_reason(workplace: Workplace) -> None:
    damaged, current = await workplace.publish(1.0), await workplace.publish(2.0)
    damage(damaged)
    async with workplace.predictor() as client:
        await eventually_serves(client, current)
        answer = await client.post(f"/models/{damaged.version}/activate", headers=workplace.token(1, "ADMIN"))
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/model-refused"
        assert WEIGHTS_FILE in answer.json()["detail"]
        assert await serves(client, current)
    async with workplace.predictor() as restarted:
        await eventually_serves(restarted, current)


@pytest.mark.parametrize("version", ["v20260102T030405-0a1b2c3d", "nothing", "..%2F..%2Fetc", "%00"])
async def test_activating_an_unknown_version_is_a_404(workplace: Workplace, version: str) -> None:
    current = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, current)
        answer = await client.post(f"/models/{version}/activate", headers=workplace.token(1, "ADMIN"))
        assert answer.status_code == 404
        assert await serves(client, current)


async def test_requests_during_a_swap_are_answered_by_exactly_one_version(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    quantities = {(model := await workplace.publish(float(number))).version: float(number) for number in (1, 2)}
    versions = list(quantities)
    seen: set[str] = set()
    stop = asyncio.Event()

    async def ask(client: httpx.AsyncClient) -> None:
        while not stop.is_set():
            answers = [
                (await client.get("/predictions?view_count=5")).json(),
                *(await client.post("/predictions", json={"view_counts": list(range(700))})).json()["data"],
            ]
            batch = {answer["model_version"] for answer in answers[1:]}
            assert len(batch) == 1
            for answer in answers:
                assert set(answer["members"]) == {quantities[answer["model_version"]]}
            seen.update(batch, {answers[0]["model_version"]})

    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        async with asyncio.TaskGroup() as askers:
            for _ in range(3):
                askers.create_task(ask(client))
            for turn in range(6):
                version = versions[turn % 2]
                answer = await client.post(f"/models/{version}/activate", headers=workplace.token(1, "ADMIN"))
                assert answer.status_code == 200
            stop.set()
    assert seen == set(versions)


async def test_each_version_is_shown_with_the_figures_of_its_training(workplace: Workplace) -> None:
    older, damaged = [await workplace.publish(quantity) for quantity in (1.0, 2.0)]
    judged = judgement("worse than the mean", collapsed_members=7)
    newer = await workplace.record(write_model(workplace.settings.artifacts_dir, quantity=3.0, judgement=judged))
    (damaged.folder / MANIFEST_FILE).write_bytes(b"{}")
    async with workplace.predictor() as client:
        await eventually_serves(client, newer)
        listed = {row["version"]: row for row in (await client.get("/models")).json()["data"]}
        for model in (older, newer):
            shown = listed[model.version]
            assert shown["metrics"] == msgspec.json.decode(msgspec.json.encode(model.manifest.metrics))
            assert shown["judgement"] == msgspec.json.decode(msgspec.json.encode(model.manifest.judgement))
            assert (shown["members"], shown["rows"]) == (model.manifest.recipe.members, model.manifest.data.rows)
            assert datetime.fromisoformat(shown["trained_at"]) == model.manifest.created_at
        worth = [(listed[m.version]["quality"], listed[m.version]["collapsed_members"]) for m in (older, newer)]
        assert worth == [(None, None), ("worse than the mean", 7)]
        current = (await client.get("/models/current")).json()
        assert (current["quality"], current["collapsed_members"]) == ("worse than the mean", 7)
        nothing = listed[damaged.version]
        assert (nothing["metrics"], nothing["members"], nothing["state"]) == (None, None, "available")
        for version, row in listed.items():
            assert (await client.get(f"/models/{version}")).json().items() >= row.items()
        for unknown in ("v20200101T000000-00000000", "nonsense"):
            assert (await client.get(f"/models/{unknown}")).status_code == 404
