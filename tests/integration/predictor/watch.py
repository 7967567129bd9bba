"""Waiting for predictors, and what tests do to their models."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import Envelope, encode
from ordercast.contracts.events import ModelPublished
from ordercast.contracts.model_manifest import WEIGHTS_FILE
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from tests.support.demand_versions import WrittenDemand
from tests.support.model_artifacts import WrittenModel

# Well below the look that a predictor takes every 30 s without a signal: what is there by then came by a signal.
SOON_S = 15.0


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = SOON_S) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def serves(client: httpx.AsyncClient, model: WrittenModel) -> bool:
    answer = await client.get("/predictions?view_count=5")
    return answer.status_code == 200 and answer.json()["model_version"] == model.version


async def eventually_serves(client: httpx.AsyncClient, model: WrittenModel, seconds: float = SOON_S) -> None:
    await eventually(lambda: serves(client, model), seconds)


async def eventually_listens(client: httpx.AsyncClient, seconds: float = SOON_S) -> None:
    """Until it hears the topic: what is published from then on comes by its signal."""

    async def listens() -> bool:
        checks: dict[str, str] = (await client.get("/readyz")).json()["checks"]
        return checks["kafka"] == "ok"

    await eventually(listens, seconds)


async def announce(bootstrap: str, model: WrittenModel) -> None:
    now = datetime.now(UTC)
    event = ModelPublished(model.version, "baseline", model.manifest_sha256, now)
    headers, body = encode(Envelope(uuid7(), "/ordercast/trainer", now, event))
    async with open_publisher(bootstrap, client_id="test") as publisher:
        await publisher.publish("models", 0, [Record(model.version.encode(), body, headers, 0)])


async def eventually_refuses(client: httpx.AsyncClient, model: WrittenModel | WrittenDemand) -> None:
    async def is_refused() -> bool:
        return (await states(client)).get(model.version) == "refused"

    await eventually(is_refused)


async def states(client: httpx.AsyncClient) -> dict[str, str]:
    return {row["version"]: row["state"] for row in (await client.get("/models")).json()["data"]}


def damage(model: WrittenModel) -> None:
    path = model.folder / WEIGHTS_FILE
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
