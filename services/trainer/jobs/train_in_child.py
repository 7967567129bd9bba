"""Runs one training in a process of its own, while the service goes on answering.

Spawned, never forked: TensorFlow does not survive a fork. The process also gives all its memory back when it ends, and a
cancelled or runaway training is ended by ending it.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

import msgspec

from ordercast.contracts.because import because
from ordercast.services.trainer.errors import PermanentError, TrainingProcessDied, TransientError
from ordercast.services.trainer.networks.fit import News
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import (
    DemandJob,
    Message,
    TrainedDemand,
    TrainedModel,
    TrainingFailed,
    TrainingJob,
)
from ordercast.services.trainer.training.run_training import run_training
from ordercast.services.trainer.training.training_set import TrainingSet

# A process that was told to end has this long (s) before it is killed; it has nothing to save.
END_WITHIN_S: Final = 3


async def train_in_child(
    job: TrainingJob | DemandJob,
    rows: TrainingSet | DemandRows,
    on_news: Callable[[News], Awaitable[None]],
) -> TrainedModel | TrainedDemand:
    """Train in a spawned process; cancelling this ends the process.

    Raises:
        PermanentError: the training failed in a way that another attempt would repeat.
        TransientError: another attempt may succeed; TrainingProcessDied if the process ended without a word.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=run_training, args=(sending, job, rows), name="training", daemon=True)
    try:
        await asyncio.to_thread(process.start)
        sending.close()  # so that the end of the child's copy is the end of the pipe
        return await _follow(process, receiving, on_news)
    finally:
        sending.close()
        await asyncio.to_thread(_end, process)
        receiving.close()


async def _follow(
    process: SpawnProcess, receiving: Connection, on_news: Callable[[News], Awaitable[None]]
) -> TrainedModel | TrainedDemand:
    while (message := await asyncio.to_thread(_receive, receiving)) is not None:
        if isinstance(message, TrainedModel | TrainedDemand):
            return message
        if isinstance(message, TrainingFailed):
            failed = PermanentError if message.permanent else TransientError
            raise failed(message.reason, message.because)
        await on_news(message)
    await asyncio.to_thread(process.join, END_WITHIN_S)
    how = _how_it_ended(process.exitcode)
    raise TrainingProcessDied(f"the training process ended without a word: {how}", because("process-died"))


def _receive(receiving: Connection) -> Message | None:
    """The next message, or None at the end of the pipe."""
    try:
        raw = receiving.recv_bytes()
    except (EOFError, OSError):
        return None
    message: Message = msgspec.json.decode(raw, type=Message)
    return message


def _end(process: SpawnProcess) -> None:
    if process.pid is None:
        return  # it was never started
    process.terminate()
    process.join(END_WITHIN_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "it closed its pipe and runs on"
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
