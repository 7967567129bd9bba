"""docs/tutorial.md, followed to the letter in a shell, but for the size of the training."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.local.system import running_system
from tests.support.offsets import free_offset
from tests.support.page_examples import examples

PAGE: Final = Path(__file__).parents[2] / "docs/tutorial.md"
# What stands on the page, and what is run in its place.
INSTEAD: Final = {
    "make up": "true",  # it runs
    "source .venv/bin/activate": "true",  # by PATH
    # A small one, published whatever it is worth, once the worker has counted all that it learns from.
    "ordercast train --recipe demand": (
        "ordercast verify && ordercast train --recipe demand --members 2 --epochs 2 --publish always"
    ),
    "ordercast stop": "true",  # the test's own system
}
DEADLINE_S: Final = 480.0


def script(urls: dict[str, str]) -> str:
    lines = [example.text for example in examples(PAGE)]
    assert INSTEAD.keys() <= set(lines)
    text = "\n".join(f"echo '## {number}'\n{INSTEAD.get(line, line)}" for number, line in enumerate(lines))
    return text.replace("localhost:8000", urls["order_api"].removeprefix("http://"))


@pytest.mark.timeout(600)
async def test_who_follows_the_tutorial_sees_an_order_its_event_a_prediction_and_a_forecast(tmp_path: Path) -> None:
    async with running_system(tmp_path / "state", free_offset()) as system:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script(system.urls)),
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "ORDERCAST_STATE": str(system.folder.root), "COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                said = (await process.communicate())[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, said
    order = re.search(r'{"id":"([0-9a-f-]{36})"', said)
    assert order, said
    shown = said[order.end() :]
    assert order[1] in shown  # its event
    assert "market-1-003" in shown  # the forecast
    assert "0 differences" in shown.rsplit("## ", 2)[1]
