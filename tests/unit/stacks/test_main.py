"""`python -m ordercast.stacks`, where no system starts."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from ordercast.stacks.__main__ import cancel_at_the_end


def test_a_system_that_does_not_start_is_told_and_the_process_ends_in_order_while_its_input_is_open(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "ordercast.stacks", "containers", str(tmp_path), "2"],
        env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no-engine"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said, errors = process.stdout.read(), process.stderr.read()
        assert process.wait() == 1
    assert "no Docker engine answers" in said
    assert errors == ""


def test_an_input_that_ends_after_the_system_is_no_error() -> None:
    async def ended() -> tuple[asyncio.AbstractEventLoop, "asyncio.Task[None]"]:
        task = asyncio.current_task()
        assert task is not None
        return asyncio.get_running_loop(), task

    loop, task = asyncio.run(ended())
    read, write = os.pipe()
    os.close(write)
    cancel_at_the_end(read, loop, task)
    os.close(read)


async def test_the_end_of_the_input_cancels_the_task_and_nothing_before_it_does() -> None:
    loop = asyncio.get_running_loop()
    read, write = os.pipe()
    os.write(write, b"dropped")
    task = asyncio.create_task(asyncio.sleep(600))
    loop.set_debug(True)  # refuses what a thread may not do to the loop
    try:
        reading = asyncio.create_task(asyncio.to_thread(cancel_at_the_end, read, loop, task))
        await asyncio.wait([reading], timeout=0.2)
        assert not reading.done()
        os.close(write)
        await asyncio.wait([task], timeout=30)
        await reading
    finally:
        loop.set_debug(False)
        os.close(read)
    assert task.cancelled()
