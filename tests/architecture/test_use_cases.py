"""Use cases know neither web framework nor Kafka client: each is imported alone, and what it loads is looked at.

`.importlinter` forbids the same by the imports in the text; this holds for what really is loaded.
"""

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("aiokafka", "fastapi", "pydantic", "starlette", "uvicorn")
# The edges of a service, by the ends of their files' names, as in `.importlinter`: HTTP, the command line, settings, Kafka.
EDGES = (
    "__main__",
    "app",
    "commands",
    "event_stream",
    "idempotency_header",
    "models_topic",
    "pages",
    "problems",
    "routes",
    "schemas",
    "sent_forms",
    "settings",
    "wiring",
)
# What runs in the training process alone. TensorFlow and scikit-learn take seconds to load; `.importlinter` looks at these, too.
OWN_PROCESS = ("cluster", "demand_networks", "judging", "networks", "rows", "training")
# Loaded once, before the process divides: what use cases may well know.
SHARED_LIBRARIES = (
    "asyncpg",
    "msgspec",
    "numpy",
    "opentelemetry.trace",
    "prometheus_client",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "structlog",
    "uuid_utils.compat",
)


def sources() -> Iterator[Path]:
    """The files of the services, `shared` aside."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        if path.name != "__init__.py" and "shared" not in path.parts:
            yield path


def is_edge(path: Path) -> bool:
    return path.stem.endswith(EDGES)


def use_cases() -> list[str]:
    return [
        ".".join(("ordercast", *path.relative_to(ROOT).with_suffix("").parts))
        for path in sources()
        if not is_edge(path) and path.parent.name not in OWN_PROCESS
    ]


def opens_sessions(path: Path) -> bool:
    """Whether it calls something that is named after sessions: `sessions()`, `self._sessions()`, `service.sessions()`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))
            if name.strip("_") in {"sessions", "begin"} and not node.args:
                return True
    return False


def loaded_frameworks(modules: list[str]) -> dict[str, list[str]]:
    """For each module what it loads of the frameworks, each in a process of its own that has loaded nothing but libraries."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.architecture.test_use_cases", *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded: dict[str, list[str]] = json.loads(asked.stdout)
    return loaded


def test_no_use_case_loads_a_framework() -> None:
    loaded = loaded_frameworks(use_cases())
    assert {module: names for module, names in loaded.items() if names} == {}


def test_every_file_that_opens_sessions_is_a_use_case() -> None:
    """No route, no command and no wiring opens one: the transaction stands in the use case."""
    assert [str(path.relative_to(ROOT)) for path in sources() if is_edge(path) and opens_sessions(path)] == []


def test_the_rule_sees_a_use_case_that_loads_a_framework() -> None:
    routes = "ordercast.services.order_api.orders.routes"
    assert set(loaded_frameworks([routes])[routes]) >= {"fastapi", "pydantic", "starlette"}


@pytest.mark.parametrize("source", ["async with service.sessions() as session:\n  pass", "self._sessions()"])
def test_the_rule_sees_a_session_that_is_opened(source: str, tmp_path: Path) -> None:
    path = tmp_path / "routes.py"
    path.write_text(f"async def route() -> None:\n {source}\n")
    assert opens_sessions(path)


def main() -> None:
    """In the process that `loaded_frameworks` starts: libraries once, then a fork for each module."""
    for library in SHARED_LIBRARIES:
        importlib.import_module(library)
    sys.stdout.write(json.dumps({module: _ask_a_fork(module) for module in sys.argv[1:]}))


def _ask_a_fork(module: str) -> list[str]:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        importlib.import_module(module)
        os.write(writing, json.dumps([name for name in FRAMEWORKS if name in sys.modules]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        loaded: list[str] = json.loads(answer.read())
    os.waitpid(child, 0)
    return loaded


if __name__ == "__main__":
    main()
