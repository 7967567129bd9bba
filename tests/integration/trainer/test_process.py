"""`python -m ordercast.services.trainer` as a process of its own: killed, stopped, and what it loads."""

import json
import signal
import subprocess
import sys
import time

import httpx
import psutil

from ordercast.infra.local.ports import free_port
from tests.integration.trainer.conftest import TRAINED_WITHIN_S, Workplace, eventually, start, until

STOP_DEADLINE_S = 10.0
# Only the training's own process may hold these: the service has to start fast and stay small.
FORBIDDEN = ("tensorflow", "keras", "joblib", "h5py", "pandas", "sklearn", "scipy", "dask", "distributed")

# Compiled parts of web framework, database and loop: nothing that trains has any use for them.
OF_THE_SERVICE = ("pydantic_core", "asyncpg", "uvloop", "httptools")


def client_of(workplace: Workplace, port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=workplace.token(), timeout=TRAINED_WITHIN_S)


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def test_the_service_itself_loads_no_tensorflow() -> None:
    code = f"import ordercast.services.trainer.__main__, sys; print(sorted(set({FORBIDDEN!r}) & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


async def test_a_killed_trainer_finds_its_training_again(workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    port = free_port()
    async with client_of(workplace, port) as client:
        with workplace.process(port) as process:
            await until(lambda: is_ready(client))
            training_id = await start(client, epochs=300)
            await eventually(client, training_id, lambda training: training["progress"]["epoch"] > 0)
            orphans = psutil.Process(process.pid).children(recursive=True)
            loaded = " ".join(part.path for orphan in orphans for part in orphan.memory_maps())
            assert "tensorflow" in loaded
            assert not [name for name in OF_THE_SERVICE if name in loaded]
            process.send_signal(signal.SIGKILL)
            process.wait()
        # What trained for the dead service ends too: its version would be nobody's.
        psutil.wait_procs(orphans, timeout=STOP_DEADLINE_S)
        assert not [orphan for orphan in orphans if orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE]

        with workplace.process(port):
            await until(lambda: is_ready(client))
            training = await eventually(client, training_id, lambda t: t["status"] in ("succeeded", "failed"))

    assert training["status"] == "succeeded"
    assert [version.name for version in workplace.versions] == [training["model_version"]]


async def test_a_watched_training_does_not_hold_up_a_stop(workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    port = free_port()
    with workplace.process(port) as process:
        async with client_of(workplace, port) as client:
            await until(lambda: is_ready(client))
            training_id = await start(client, epochs=10_000)
            async with client.stream("GET", f"/trainings/{training_id}/events") as stream:
                lines = stream.aiter_lines()
                async for line in lines:
                    if line.startswith("data:"):
                        assert json.loads(line.removeprefix("data:"))["epoch"] == 1
                        break
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                async for _ in lines:  # the stream ends by itself
                    pass
        assert process.wait(STOP_DEADLINE_S) == 0
        assert time.monotonic() - began < STOP_DEADLINE_S
