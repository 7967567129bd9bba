"""`python -m ordercast.services.order_api` as a process of its own: how it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from ordercast.infra.local.ports import free_port
from ordercast.services.order_api.settings import OrderApiSettings
from tests.support.order_api import RunningApi, TokenKeys, order_api_settings


@asynccontextmanager
async def order_api_process(settings: OrderApiSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    values = settings.model_dump(mode="json") | {"log_format": "json"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ordercast.services.order_api"),
        env={**os.environ, **{f"ORDERCAST_{name}".upper(): str(value) for name, value in values.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def silent_broker() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A broker that takes connections and answers nothing: its address, and what is set when somebody has come."""
    asked = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(1024):
                asked.set()
        finally:
            writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def answers(client: httpx.AsyncClient) -> None:
    """Returns when the process serves."""
    while True:
        try:
            await client.get("/healthz")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return


async def test_a_view_that_waits_for_kafka_when_the_process_is_stopped_hears_503_and_when_to_come_again(
    api: RunningApi, database_url: str, token_keys: TokenKeys
) -> None:
    customer, product = await api.customer(), await api.product(await api.admin())
    async with silent_broker() as (bootstrap, asked):
        port = free_port()
        settings = order_api_settings(database_url, token_keys, kafka_bootstrap=bootstrap, port=port)
        async with (
            order_api_process(settings) as process,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
        ):
            await answers(client)
            assert not asked.is_set()  # views alone need the broker
            body = {"product_id": product["id"]}
            view = asyncio.create_task(client.post("/views", json=body, headers=customer.headers))
            await asked.wait()
            process.send_signal(signal.SIGTERM)
            answer = await view
            output, _ = await process.communicate()
    assert process.returncode == 0
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert b"Traceback" not in output
    assert b'"exception"' not in output
