"""`python -m ordercast.services.order_api` as a process of its own: how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.support.order_api import Member, RunningApi, TokenKeys, order_api_settings
from tests.support.service_process import service_process

STOP_DEADLINE_S: Final = 30.0


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


async def test_a_view_that_waits_for_kafka_when_the_process_is_stopped_hears_503_and_when_to_come_again(
    api: RunningApi, customer: Member, product: int, database_url: str, token_keys: TokenKeys, tmp_path: Path
) -> None:
    async with silent_broker() as (bootstrap, asked):
        settings = order_api_settings(database_url, token_keys, kafka_bootstrap=bootstrap)
        with service_process("order_api", settings, tmp_path / "log") as service:
            address = await service.address()
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=STOP_DEADLINE_S) as client:
                assert not asked.is_set()  # views alone need the broker
                view = asyncio.create_task(
                    client.post("/views", json={"product_id": product}, headers=customer.headers)
                )
                await asked.wait()
                exit_code = await service.stopped(STOP_DEADLINE_S)
                answer = await view
    assert exit_code == 0
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    output = service.log.read_text()
    assert "Traceback" not in output
    assert '"exception"' not in output
