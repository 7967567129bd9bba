"""What is served is what the record says, whatever is damaged or missing."""

import shutil
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from ordercast.contracts.model_manifest import WEIGHTS_FILE
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import (
    announce,
    damage,
    eventually_listens,
    eventually_refuses,
    eventually_serves,
    serves,
    states,
)
from tests.support.fresh_topics import FreshTopics
from tests.support.model_artifacts import write_model


async def test_serves_the_newest_version_at_start(workplace: Workplace) -> None:
    await workplace.publish(1.0)
    newest = await workplace.publish(2.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, newest)
        assert (await client.get("/predictions?view_count=9")).json()["quantity"] == 2.0


async def test_a_published_version_is_served_as_soon_as_its_event_comes(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    async with workplace.predictor() as client:
        await eventually_listens(client)
        assert (await client.get("/predictions?view_count=5")).status_code == 503
        for quantity in (1.0, 2.0):
            model = await workplace.publish(quantity)
            await announce(fresh_topics.bootstrap, model)
            await eventually_serves(client, model)


async def test_records_on_the_topic_that_are_no_events_change_nothing(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    model = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        await eventually_listens(client)
        async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
            await publisher.publish("models", 0, [Record(b"x", b"\xff not json", [], 0), Record(b"x", None, [], 0)])
        newer = await workplace.publish(2.0)
        await announce(fresh_topics.bootstrap, newer)
        await eventually_serves(client, newer)
        assert (await states(client))[model.version] == "previous"


async def test_a_damaged_version_is_refused_with_its_reason_while_the_old_one_serves(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    good = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, good)
        await eventually_listens(client)
        bad = write_model(workplace.settings.artifacts_dir, quantity=2.0)
        damage(bad)
        await workplace.record(bad)
        await announce(fresh_topics.bootstrap, bad)
        await eventually_refuses(client, bad)
        assert await serves(client, good)
        row = next(row for row in (await client.get("/models")).json()["data"] if row["version"] == bad.version)
        assert WEIGHTS_FILE in row["refused"]
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"
        assert WEIGHTS_FILE in ready.json()["checks"]["newest model"]


async def test_foreign_weights_are_refused_though_files_and_row_agree_while_the_version_before_serves(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    """By somebody who may write files and rows, and has no key of the trainer's."""
    good = await workplace.publish(1.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, good)
        await eventually_listens(client)
        stranger = Ed25519PrivateKey.generate()
        foreign = write_model(workplace.settings.artifacts_dir, quantity=2.0)
        await workplace.record(foreign, signed_by=stranger)
        await announce(fresh_topics.bootstrap, foreign)
        await eventually_refuses(client, foreign)
        assert await serves(client, good)
        assert (await client.get("/predictions?view_count=5")).json()["quantity"] == 1.0
        checks = (await client.get("/readyz")).json()["checks"]
        assert "not the trainer's" in checks["newest model"]
        forced = await client.post(f"/models/{foreign.version}/activate", headers=workplace.token(1, "ADMIN"))
        assert forced.status_code == 409
        demand = await workplace.publish_demand(signed_by=stranger)
        await announce(fresh_topics.bootstrap, foreign)
        await eventually_refuses(client, demand)
        assert (await client.get("/models/current?recipe=demand")).status_code == 503


async def test_other_files_under_a_signed_version_are_refused_though_its_row_was_changed_with_them(
    workplace: Workplace,
) -> None:
    model = await workplace.publish(1.0)
    shutil.rmtree(model.folder)
    foreign = write_model(workplace.settings.artifacts_dir, quantity=2.0, version=model.version)
    changed = update(ModelVersion).values(manifest_sha256=foreign.manifest_sha256)
    async with workplace.sessions() as session, session.begin():
        await session.execute(changed)
    async with workplace.predictor() as client:
        await eventually_refuses(client, foreign)
        assert (await client.get("/predictions?view_count=5")).status_code == 503


async def test_without_the_trainers_public_key_any_version_is_served(workplace: Workplace) -> None:
    foreign = write_model(workplace.settings.artifacts_dir, quantity=2.0)
    await workplace.record(foreign, signed_by=Ed25519PrivateKey.generate())
    async with workplace.predictor(model_public_key_file=None) as client:
        await eventually_serves(client, foreign)


async def test_a_version_whose_manifest_is_not_the_recorded_one_is_refused(workplace: Workplace) -> None:
    good = await workplace.publish(1.0)
    bad = await workplace.record(write_model(workplace.settings.artifacts_dir, quantity=2.0), manifest_sha256="0" * 64)
    async with workplace.predictor() as client:
        await eventually_serves(client, good)
        assert (await states(client))[bad.version] == "refused"


async def test_a_refused_version_is_served_once_it_is_repaired(workplace: Workplace, fresh_topics: FreshTopics) -> None:
    good = await workplace.publish(1.0)
    repaired = await workplace.publish(2.0)
    away = repaired.folder.with_name("away")
    repaired.folder.rename(away)
    async with workplace.predictor() as client:
        await eventually_serves(client, good)
        await eventually_listens(client)
        away.rename(repaired.folder)
        await announce(fresh_topics.bootstrap, repaired)
        await eventually_serves(client, repaired)
        assert (await client.get("/readyz")).json()["checks"]["newest model"] == "ok"


async def test_when_all_versions_are_damaged_there_is_no_model_and_the_reason_shows(workplace: Workplace) -> None:
    model = await workplace.publish(1.0)
    shutil.rmtree(model.folder)
    async with workplace.predictor() as client:
        await eventually_refuses(client, model)
        assert (await client.get("/predictions?view_count=5")).status_code == 503
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert model.version in ready.json()["checks"]["newest model"]


async def test_versions_are_listed_newest_first_in_pages(workplace: Workplace) -> None:
    made = sorted([(await workplace.publish(quantity)).version for quantity in (1.0, 2.0, 3.0)], reverse=True)
    async with workplace.predictor() as client:
        first: dict[str, Any] = (await client.get("/models?limit=2")).json()
        assert [row["version"] for row in first["data"]] == made[:2]
        assert first["has_more"] is True
        second = (await client.get(f"/models?limit=2&starting_after={made[1]}")).json()
        assert [row["version"] for row in second["data"]] == made[2:]
        assert second["has_more"] is False
        assert (await client.get("/models?starting_after=v1")).status_code == 422
