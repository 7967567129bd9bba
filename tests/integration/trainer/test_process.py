"""`python -m ordercast.services.trainer` as a process of its own: killed, stopped, and what it loads."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from tests.integration.trainer.conftest import Workplace, eventually, start, until

STOP_DEADLINE_S = 10.0
# Only the training's own process may hold these: the service has to start fast and stay small.
FORBIDDEN = ("tensorflow", "keras", "joblib", "h5py", "pandas", "sklearn", "scipy", "dask", "distributed")

# Compiled parts of web framework, database and loop: nothing that trains has any use for them.
OF_THE_SERVICE = ("pydantic_core", "asyncpg", "uvloop", "httptools")


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


def test_the_service_itself_loads_no_tensorflow() -> None:
    code = f"import ordercast.services.trainer.__main__, sys; print(sorted(set({FORBIDDEN!r}) & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


async def test_a_killed_trainer_finds_its_training_again(workplace: Workplace, tmp_path: Path) -> None:
    await workplace.add_pairs(60)
    with workplace.process(tmp_path / "killed.log") as trainer:
        async with workplace.client_of(await trainer.address()) as client:
            await until(lambda: is_ready(client))
            training_id = await start(client, epochs=300)
            await eventually(client, training_id, lambda training: training["progress"]["epoch"] > 0)
            orphans = psutil.Process(trainer.process.pid).children(recursive=True)
            loaded = " ".join(part.path for orphan in orphans for part in orphan.memory_maps())
            assert "tensorflow" in loaded
            assert not [name for name in OF_THE_SERVICE if name in loaded]
    # What trained for the dead service ends too: its version would be nobody's.
    psutil.wait_procs(orphans, timeout=STOP_DEADLINE_S)
    assert not [orphan for orphan in orphans if orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE]

    with workplace.process(tmp_path / "next.log") as trainer:
        async with workplace.client_of(await trainer.address()) as client:
            training = await eventually(client, training_id, lambda t: t["status"] in ("succeeded", "failed"))

    assert training["status"] == "succeeded"
    assert [version.name for version in workplace.versions] == [training["model_version"]]


async def test_a_watched_training_does_not_hold_up_a_stop(workplace: Workplace, tmp_path: Path) -> None:
    await workplace.add_pairs(60)
    with workplace.process(tmp_path / "log") as trainer:
        async with workplace.client_of(await trainer.address()) as client:
            await until(lambda: is_ready(client))
            training_id = await start(client, epochs=10_000)
            async with client.stream("GET", f"/trainings/{training_id}/events") as stream:
                lines = stream.aiter_lines()
                async for line in lines:
                    if line.startswith("data:"):
                        assert json.loads(line.removeprefix("data:"))["epoch"] == 1
                        break
                began = time.monotonic()
                trainer.process.send_signal(signal.SIGTERM)
                async for _ in lines:  # the stream ends by itself
                    pass
        assert trainer.process.wait(STOP_DEADLINE_S) == 0
        assert time.monotonic() - began < STOP_DEADLINE_S
