"""Where tests keep what they throw away."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# Linux keeps files below it in memory. Elsewhere, and in most containers, it is missing or small.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
# Room (bytes) that the data of all servers of a run takes at most, with a reserve.
WANTED_BYTES: Final = 8 * 1024**3


def memory_folder(folder: Path = MEMORY, wanted_bytes: int = WANTED_BYTES) -> Path | None:
    """A file system in memory with room enough, on which programs may run.

    There a database is made in a third of the processor time, and no commit waits for a disk.
    """
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    is_fit = found.f_bavail * found.f_frsize >= wanted_bytes and not found.f_flag & os.ST_NOEXEC
    return folder if is_fit and os.access(folder, os.W_OK) else None


@contextmanager
def disk_folder() -> Iterator[Path]:
    """A new folder for what is too large for memory, or lies on the disk already and is only linked."""
    folder = tempfile.mkdtemp(prefix="ordercast-")
    try:
        yield Path(folder)
    finally:
        # Of a hundred thousand small files, in a fraction of the time that Python takes.
        subprocess.run(["rm", "-rf", folder], check=True)
