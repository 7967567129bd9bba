"""With what a model is made: weights are the same to the bit where all of this is."""

import platform
from collections.abc import Sequence
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Final

_PROCESSORS: Final = Path("/proc/cpuinfo")


def made_with(libraries: Sequence[str]) -> dict[str, str]:
    """Versions by library, of Python, and the kind of machine: XLA compiles for the processor that it runs on."""
    versions = {name: library_version(name) for name in libraries}
    return {"python": platform.python_version(), "machine": f"{platform.machine()}, {_processor()}"} | versions


def _processor() -> str:
    """Its name, where Linux tells it."""
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown processor")
