"""docs/backup.md, to the letter: its commands are run in a folder of their own, on a system with orders, views and a model."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.offsets import free_offset

PAGE: Final = Path(__file__).parents[3] / "docs" / "backup.md"
COMMAND_DEADLINE_S: Final = 180.0


def blocks() -> list[list[str]]:
    """The commands of the page, block by block."""
    found = re.findall(r"(?:^    .+\n)+", PAGE.read_text(), re.MULTILINE)
    return [[line.strip() for line in block.splitlines()] for block in found]


@dataclass
class Shell:
    """Runs commands in a folder. `ordercast up` keeps running, as in a terminal of its own."""

    folder: Path
    environment: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, line: str) -> str:
        if line.startswith("ordercast up"):
            system = subprocess.Popen(
                line.split(), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
            )
            self.running.append(system)
            assert system.stdout is not None
            assert system.stdout.readline(), f"{line}: no addresses were shown"  # they come when all is healthy
            return ""
        ended = subprocess.run(
            line.split(),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_DEADLINE_S,
            check=False,
        )
        assert ended.returncode == 0, f"{line}: {ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["ORDERCAST_PORT_OFFSET"] = str(free_offset())
    shell = Shell(tmp_path, environment)
    yield shell
    for system in shell.running:
        if system.poll() is None:
            system.terminate()
        system.communicate()


def prediction(shell: Shell, *options: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shell.run(" ".join(["ordercast predict 5000 --json", *options])))
    return answer


@pytest.mark.timeout(900)  # three starts, a training and several verifications: a minute, or many on a busy machine
async def test_what_is_restored_is_what_was_backed_up(shell: Shell) -> None:
    await asyncio.to_thread(back_up_and_restore, shell)


def back_up_and_restore(shell: Shell) -> None:
    back_up, restore = blocks()
    shell.run("ordercast up --quiet")
    shell.run("ordercast sample --mode signal --orders 200")
    shell.run("ordercast train --members 2 --epochs 2")
    shell.run("ordercast verify")
    before = prediction(shell)

    backed_up = [shell.run(line) for line in back_up]
    # What comes after the backup is lost with the rest.
    shell.run("ordercast sample --mode signal --seed 2 --orders 50")
    shell.run("ordercast stop")
    shutil.rmtree(shell.folder / ".ordercast")

    said = [shell.run(line) for line in restore]
    assert said[-1] == backed_up[0]
    assert said[-1].endswith("verify: 0 differences\n")
    assert prediction(shell, "--state restored") == before
    # Numbers go on where they were: new orders count, once.
    shell.run("ordercast sample --mode signal --seed 3 --orders 30 --state restored")
    verified = shell.run("ordercast verify --state restored")
    assert verified != said[-1]
    assert verified.endswith("verify: 0 differences\n")
    shell.run("ordercast stop --state restored")
