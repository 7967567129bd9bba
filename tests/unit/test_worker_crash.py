"""A process of the run that ends hard fails its test, and costs no other one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_style import ROOT

CRASHES = "import os\n\ndef test_a(): pass\ndef test_crash(): os._exit(1)\n"
PASSES = "def test_{}(): pass\n"


def last_line(folder: Path, workers: int, modules: dict[str, str]) -> str:
    """Of a run of these modules, without the project's settings: it is about the sharing alone."""
    for name, text in modules.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ("-p", "xdist", "-p", "tests.support.scheduler", "-p", "no:cacheprovider")
    shared_out = ("-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *shared_out, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize(("workers", "tests_after", "modules_after"), [(1, 0, 1), (1, 1, 0), (2, 1, 1), (2, 3, 5)])
def test_what_comes_after_a_crash_is_run_once(
    tmp_path: Path, workers: int, tests_after: int, modules_after: int
) -> None:
    modules = {f"z{number}": PASSES.format(number) for number in range(modules_after)}
    crashing = CRASHES + "".join(PASSES.format(f"after_{number}") for number in range(tests_after))
    said = last_line(tmp_path, workers, {"crashing": crashing} | modules)
    assert f"1 failed, {1 + tests_after + modules_after} passed" in said
