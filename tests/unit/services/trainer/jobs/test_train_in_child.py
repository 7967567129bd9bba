import asyncio
import os
import signal
import time
from functools import partial
from pathlib import Path

import msgspec
import psutil
import pytest

from ordercast.services.trainer.errors import PermanentError, TrainingProcessDied
from ordercast.services.trainer.jobs.train_in_child import train_in_child
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked, News
from ordercast.services.trainer.training.messages import TrainedModel
from tests.support.training_jobs import SMALL_LAYERS, job, training_set

ENDLESS = 100_000_000  # epochs: no test waits for them

small_job = partial(job, layers=SMALL_LAYERS)


def training_children() -> list[psutil.Process]:
    """The training processes of this test, not multiprocessing's resource tracker."""
    return [child for child in psutil.Process().children() if is_training(child)]


def is_training(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False  # killed a moment ago


async def test_a_child_trains_and_tells_each_epoch_while_the_loop_goes_on(tmp_path: Path) -> None:
    told: list[News] = []
    longest = 0.0

    async def listen(news: News) -> None:
        told.append(news)

    async def watch_the_loop() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - began)

    watching = asyncio.create_task(watch_the_loop())
    trained = await train_in_child(small_job(tmp_path, epochs=3), training_set(50), listen)
    watching.cancel()

    assert [news.epoch for news in told if isinstance(news, EpochLosses)] == [1, 2, 3]
    assert isinstance(told[1], NetworksLooked)
    assert isinstance(trained, TrainedModel)
    assert (tmp_path / trained.version).is_dir()
    assert training_children() == []
    # Importing TensorFlow or training in the loop would hold it for seconds.
    assert longest < 2


async def test_a_permanent_failure_comes_back_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="3 rows are too few to split") as failed:
        await train_in_child(small_job(tmp_path), training_set(3), _ignore)
    assert failed.value.because is not None
    assert (failed.value.because.code, failed.value.because.values["rows"]) == ("too-few-to-split", 3)


async def test_a_diverged_model_is_not_published(tmp_path: Path) -> None:
    running_away = small_job(tmp_path, epochs=5)
    recipe = msgspec.structs.replace(running_away.recipe, learning_rate=1e30)

    with pytest.raises(PermanentError, match="not published"):
        await train_in_child(msgspec.structs.replace(running_away, recipe=recipe), training_set(50), _ignore)
    assert list(tmp_path.iterdir()) == []


async def test_a_killed_child_is_told_as_such(tmp_path: Path) -> None:
    async def kill(_: News) -> None:
        for child in training_children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(TrainingProcessDied, match="SIGKILL"):
        await train_in_child(small_job(tmp_path, epochs=ENDLESS), training_set(50), kill)


async def test_cancelling_ends_the_child_and_publishes_nothing(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def listen(_: News) -> None:
        started.set()

    training = asyncio.create_task(train_in_child(small_job(tmp_path, epochs=ENDLESS), training_set(50), listen))
    await started.wait()
    training.cancel()
    with pytest.raises(asyncio.CancelledError):
        await training

    assert training_children() == []
    assert list(tmp_path.iterdir()) == []


async def _ignore(_: News) -> None:
    pass
