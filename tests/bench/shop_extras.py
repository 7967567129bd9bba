"""What a console shows beside a shop's history: versions of models, predictions that can be judged, people, an order of today, a
review, a key, trainings and dead letters.

The versions are not earned: they have the recipes' shapes, random weights and a signature as a trainer's, and what they are said to
have predicted comes as the predictor writes it. What a page costs does not depend on what was learned.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from ordercast.client import Client
from ordercast.client.follow_training import until_served
from ordercast.client.training_answers import FINISHED
from ordercast.contracts.demand_manifest import DemandData
from ordercast.contracts.topics import PREDICTIONS, VIEWS, partition_of
from ordercast.infra.local.state import StateFolder, SystemInfo
from ordercast.kafka_security import client_arguments
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.http.token_keys import load_private_key
from ordercast.services.trainer.jobs.sign_versions import signature_of
from tests.support.demand_versions import RECIPE_SHAPE, demand_version, recipe_trees, with_trees, write_whole
from tests.support.model_artifacts import BASELINE_LAYERS, write_model
from tests.support.predictions import prediction, prediction_record

# Between two looks, and until a dead letter is kept or a training cancelled (s).
POLL_S, DONE_WITHIN_S = 0.2, 600
PASSWORD: Final = "long enough for a benchmark, 9 times"
# As many as are judged at most, given when the version was new; their four weeks are over.
PREDICTIONS_OVER: Final = 50_000
TRAINED_DAYS_AGO: Final = 40
LONG_ORDER: Final = 2_000  # lines, as many as an order may have
POISON: Final = (b"poison", b"{}", b'{"count": "many"}')


async def publish_versions(folder: StateFolder, info: SystemInfo, admin: Client) -> dict[str, str]:
    """Two of `demand` and one of `baseline`, served. By their names in the pages' addresses."""
    trained = datetime.now(UTC) - timedelta(days=TRAINED_DAYS_AGO)
    until = trained.date()
    data = DemandData(1_000_000, "0" * 64, until.replace(year=until.year - 1), until, ())
    written: dict[str, tuple[str, Any]] = {
        "baseline": ("baseline", write_model(folder.artifacts, layers=BASELINE_LAYERS))
    }
    for name in ("demand", "newer_demand"):
        version = demand_version(shape=RECIPE_SHAPE, data=data, created_at=trained, training_id=str(uuid4()))
        written[name] = "demand", write_whole(folder.artifacts, *with_trees(version, arrays=recipe_trees()))
    key = load_private_key(folder.model_private_key)
    async with open_database(info.database_url, application="bench") as sessions:
        for recipe, model in written.values():
            row = ModelVersion(
                version=model.version,
                training_id=model.manifest.training_id,
                recipe=recipe,
                manifest_sha256=model.manifest_sha256,
                manifest_signature=signature_of(key, recipe, model.version, model.manifest_sha256),
            )
            async with sessions() as session, session.begin():
                session.add(row)
    versions = {name: model.version for name, (_, model) in written.items()}
    await until_served(admin.predictor, versions["baseline"])
    await until_served(admin.predictor, versions["newer_demand"], "demand")
    await admin.predictor.activate(versions["newer_demand"])
    return versions


async def tell_predictions(info: SystemInfo, version: str, pairs: Iterable[tuple[int, int]]) -> None:
    """As the predictor told of them when the version was new."""
    starts_on = datetime.now(UTC).date() - timedelta(days=TRAINED_DAYS_AGO - 1)
    async with AIOKafkaProducer(acks="all", linger_ms=20, **client_arguments(info.kafka_address)) as producer:
        sent = []
        for number, (account, product) in enumerate(pairs, 1):
            said = prediction(account, product, starts_on, model_version=version, expected_quantity=0.3, low=0, high=2)
            record = prediction_record(said, number)
            place = partition_of(account, info.partitions)
            sent.append(
                await producer.send(
                    PREDICTIONS.name, record.value, key=record.key, partition=place, headers=record.headers
                )
            )
        await asyncio.gather(*sent)


async def refuse_some(info: SystemInfo, admin: Client) -> dict[str, str]:
    """Records that are no views; the newest dead letters are of them."""
    async with AIOKafkaProducer(acks="all", **client_arguments(info.kafka_address)) as producer:
        headers = [("ce_type", b"ordercast.product.viewed.v1")]
        for body in POISON:
            await producer.send_and_wait(VIEWS.name, body, key=b"8", partition=0, headers=headers)
    async with asyncio.timeout(DONE_WITHIN_S):
        while len((page := await admin.dead_letters.page()).data) < len(POISON):
            await asyncio.sleep(POLL_S)
    return dict(zip(("letter", "second_letter", "third_letter"), (one.id for one in page.data), strict=False))


async def add_people(anonymous: Client, admin: Client, products: list[int]) -> dict[str, object]:
    """Ann, who buys and writes; a shop's program with a key; and what the admin ordered. By their names in the pages' addresses."""
    customer = await anonymous.order_api.sign_up("ann@shop.example", "ann", PASSWORD)
    program = await anonymous.order_api.sign_up("backend@shop.example", "backend", PASSWORD)
    await admin.order_api.change_account(program.id, role="SERVICE")
    key = await admin.order_api.create_api_key("the shop", ["orders:write"], account_id=program.id)
    ann = await anonymous.log_in("ann@shop.example", PASSWORD)
    order = await ann.order_api.place_order([(product, 2) for product in products[:3]])
    pending = await ann.order_api.place_order([(products[0], 1)])
    long = await ann.order_api.place_order([(product, 1) for product in products[:LONG_ORDER]])
    await admin.order_api.confirm_order(long.id)
    review = await ann.reviews.write(products[0], 4, "Pours well, and is not too heavy.")
    own = await admin.order_api.place_order([(products[1], 1)])
    return {
        "customer": customer.id,
        "program": program.id,
        "key": key.id,
        "order": order.id,
        "pending": pending.id,
        "long": long.id,
        "own_order": own.id,
        "review": review.id,
        "product": products[0],
    }


async def try_trainings(admin: Client) -> dict[str, object]:
    """Two that were cancelled: one that runs would take the time of what is measured."""
    started = [await admin.trainer.start("baseline") for _ in range(2)]
    for training in started:
        await admin.trainer.cancel(training.id)
    async with asyncio.timeout(DONE_WITHIN_S):
        for training in started:
            while (await admin.trainer.get(training.id)).status not in FINISHED:
                await asyncio.sleep(POLL_S)
    return dict(zip(("training", "ended_training"), (training.id for training in started), strict=True))
