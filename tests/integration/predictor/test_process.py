"""`python -m ordercast.services.predictor` as a process of its own: what it loads, how much memory it takes, how it ends."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text

from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import eventually
from tests.support.model_artifacts import BASELINE_LAYERS, write_model
from tests.support.service_process import environment, service_process

# Promised for predictor, order_api and worker each.
MEMORY_LIMIT_BYTES = 200 * 1000 * 1000
STOP_DEADLINE_S = 10.0
# Libraries that execute what they load, or that a process of 200 MB has no room for.
FORBIDDEN = ("tensorflow", "keras", "joblib", "h5py", "pandas", "sklearn", "scipy")


def run_predictor(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """For a predictor that ends by itself."""
    command = [sys.executable, "-m", "ordercast.services.predictor"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


async def test_serves_within_its_memory_and_stops_in_order_when_asked(workplace: Workplace, tmp_path: Path) -> None:
    model = await workplace.record(write_model(workplace.settings.artifacts_dir, layers=BASELINE_LAYERS))
    with service_process("predictor", workplace.settings, tmp_path / "log") as predictor:
        async with httpx.AsyncClient(base_url=await predictor.address(), trust_env=False) as client:

            async def is_ready() -> bool:
                return (await client.get("/readyz")).status_code == 200

            await eventually(is_ready, seconds=30)
            for _ in range(3):
                answer = await client.post("/predictions", json={"view_counts": list(range(10_000))}, timeout=30)
                assert answer.json()["model_version"] == model.version
            assert psutil.Process(predictor.process.pid).memory_info().rss < MEMORY_LIMIT_BYTES
        assert await predictor.stopped(STOP_DEADLINE_S) == 0


def test_imports_nothing_that_executes_what_it_loads() -> None:
    code = f"import ordercast.services.predictor.__main__, sys; print(sorted(set({FORBIDDEN!r}) & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_missing_settings_are_one_line_that_names_them(workplace: Workplace) -> None:
    values = environment(workplace.settings)
    missing = ("ORDERCAST_DATABASE_URL", "ORDERCAST_ARTIFACTS_DIR")
    for variable in missing:
        del values[variable]
    ended = run_predictor(values)
    assert ended.returncode == 1
    assert ended.stderr.startswith("predictor: ")
    assert all(variable in ended.stderr for variable in missing)
    assert len(ended.stderr.splitlines()) == 1


def test_a_missing_key_is_one_line_that_names_the_file(workplace: Workplace) -> None:
    values = environment(workplace.settings) | {"ORDERCAST_TOKEN_PUBLIC_KEY_FILE": "/nowhere/public.pem"}
    ended = run_predictor(values)
    assert ended.returncode == 1
    assert "/nowhere/public.pem" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_statement_that_the_database_refuses_ends_the_process_instead_of_being_repeated_for_ever(
    workplace: Workplace,
) -> None:
    async with workplace.sessions() as session, session.begin():
        await session.execute(text("ALTER TABLE models RENAME COLUMN activated_at TO chosen_at"))
    ended = await asyncio.to_thread(run_predictor, environment(workplace.settings))
    assert ended.returncode == 1
    assert "activated_at does not exist" in ended.stderr
    assert "will try again" not in ended.stdout + ended.stderr
