"""Ends what a supervisor left running when it was killed itself, and removes its socket.

On Linux the kernel has ended most of it already (launch.py); elsewhere, and for what a service started in turn, this
does it. It touches only processes that system.json names, with the same start time, and those that carry the folder in
their environment: nothing else can be mistaken for them, also after a restart of the machine has given pids anew.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Final

import psutil

from ordercast.infra.local.control import remove_control
from ordercast.infra.local.state import StateFolder, SystemInfo

# The variable that marks every process of a system, and what those start, with the system's folder.
SUPERVISED_VARIABLE: Final = "ORDERCAST_SUPERVISED"
# Time (s) for PostgreSQL to write its last checkpoint and for the others to follow, before they are killed.
GRACE_S: Final = 10.0


async def end_leftovers(folder: StateFolder) -> list[str]:
    """Ends the processes of a system whose supervisor is gone; a word on each that still ran."""
    return await asyncio.to_thread(_end_leftovers, folder)


def _end_leftovers(folder: StateFolder) -> list[str]:
    info = folder.recorded_system()
    recorded = _recorded(info)
    for name, process in recorded.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            # PostgreSQL's polite stop waits for its clients; its fast one is SIGINT.
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(recorded.values(), timeout=GRACE_S)
    alive += [process for process in psutil.process_iter() if _is_marked(process, folder)]
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=GRACE_S)
    if info is not None:
        remove_control(Path(info.control_socket))
    return sorted({*recorded, *(f"pid {process.pid}" for process in alive)})


def _recorded(info: SystemInfo | None) -> dict[str, psutil.Process]:
    if info is None:
        return {}
    return {name: process for name, record in info.processes.items() if (process := record.process())}


def _is_marked(process: psutil.Process, folder: StateFolder) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(SUPERVISED_VARIABLE) == str(folder.root)
    except (psutil.Error, OSError):  # gone, or of another user
        return False
