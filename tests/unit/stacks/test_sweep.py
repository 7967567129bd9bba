"""The sweeper is ready without Ordercast, which an isolated Python need not find."""

import subprocess
import sys

from ordercast.stacks import sweep

START = """
import runpy, sys
sys.modules["ordercast"] = None  # importing it fails
print(runpy.run_path(sys.argv[1])["DONE"])
"""


def test_it_starts_isolated_and_without_ordercast() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", START, sweep.__file__], capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == (f"{sweep.DONE!r}\n", "")
