"""What SECURITY.md says is held by tests is: each test that it names is there, and each risk of OWASP's list names one."""

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = (ROOT / "SECURITY.md").read_text("utf-8")
CONSOLE: Final = ROOT / "services" / "console"
WEBHOOKS: Final = ROOT / "services" / "order_api" / "webhooks" / "post_delivery.py"
# What fetches an address over HTTP.
HTTP_CLIENTS: Final = {"aiohttp", "http.client", "httpx", "requests", "urllib.request", "urllib3"}


def test_each_test_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+(?:\.py)?)`", DOCUMENT))
    assert len(named) > 50
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"`(test_\w+\.py)`", DOCUMENT)) <= there


def test_each_risk_of_owasps_list_names_a_test() -> None:
    rows = re.findall(r"^\| API(\d+) .*\|([^|]+)\|$", DOCUMENT, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    assert [number for number, held_by in rows if "`tests/" not in held_by] == []


def test_nothing_but_the_console_and_the_file_that_posts_webhooks_has_a_client_of_http() -> None:
    """With which it could fetch what somebody names. The console asks the addresses of its settings alone, and webhooks go to
    addresses that were looked at."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "services").rglob("*.py")
        if CONSOLE not in path.parents and path != WEBHOOKS
        for name in _imported(path)
        if any(f"{name}.".startswith(f"{client}.") for client in HTTP_CLIENTS)
    ]
    assert found == []


def _imported(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
