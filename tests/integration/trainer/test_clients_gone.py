"""Clients of a training's events that go away: nobody's fault, and nothing to log."""

import asyncio
import json
import random
import socket
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from tests.integration.trainer.conftest import Workplace, until
from tests.integration.trainer.test_process import is_ready

TRIES = 100
EPOCHS = 3_000
# The client goes away after at most so long (s): while epochs are sent, and while the next ones are waited for.
LONGEST_S = 0.6
STOP_DEADLINE_S = 30.0


async def add_running_training(workplace: Workplace) -> UUID:
    """Another trainer works on it, and has many epochs behind it."""
    training_id = uuid7()
    async with workplace.sessions() as session, session.begin():
        training = Training(id=training_id, recipe="baseline", members=10, epochs=EPOCHS, batch_size=32, seed=1)
        training.status, training.attempts, training.lease_owner = "running", 1, "another-trainer"
        training.leased_until = datetime.now(UTC) + timedelta(hours=1)
        session.add(training)
        await session.flush()
        losses = [1.5] * 10
        rows = [{"training_id": training_id, "epoch": n + 1, "loss": losses, "val_loss": losses} for n in range(EPOCHS)]
        await session.execute(insert(TrainingEpoch), rows)
    return training_id


def watch_and_leave(port: int, path: str, authorization: str, seconds: float) -> None:
    """Asks for the events, reads a little of them, and resets the connection."""

    async def watch() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: t\r\nauthorization: {authorization}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        try:
            async with asyncio.timeout(seconds):
                while await reader.read(4096):
                    pass
        except TimeoutError:
            pass
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    asyncio.run(watch())


async def test_clients_that_go_away_leave_no_line_in_the_log(workplace: Workplace, tmp_path: Path) -> None:
    path = f"/trainings/{await add_running_training(workplace)}/events"
    authorization = workplace.token()["Authorization"]
    with workplace.process(tmp_path / "log") as trainer:
        address = await trainer.address()
        port = int(address.rpartition(":")[2])
        async with workplace.client_of(address) as client:
            await until(lambda: is_ready(client))
            lengths = random.Random(1)
            for _ in range(TRIES // 10):
                waits = [lengths.uniform(0, LONGEST_S) for _ in range(10)]
                await asyncio.gather(*(asyncio.to_thread(watch_and_leave, port, path, authorization, w) for w in waits))
            assert (await client.get("/readyz")).status_code == 200
        assert await trainer.stopped(STOP_DEADLINE_S) == 0
    entries = [json.loads(line) for line in trainer.log.read_text().splitlines()]
    assert [entry["event"] for entry in entries] == ["listening", "stopped"]
