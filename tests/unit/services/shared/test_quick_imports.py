"""In interpreters of their own, as programs are."""

import subprocess
import sys

PROGRAM = """
import gc
from ordercast.services.shared.quick_imports import quick_imports

with quick_imports(frozenset({"wave"})):
    print(gc.isenabled())
    try:
        import wave
    except ModuleNotFoundError as error:
        print(error)
print(gc.isenabled(), gc.get_freeze_count() > 0)
import wave
"""
RELAY = """
import gc, sys
from ordercast.services.order_api.__main__ import main

sys.argv[1:] = ["relay"]
try:
    main()  # its settings are missing
except SystemExit as reason:
    print(str(reason).partition(",")[0])
unused = ("rich", "ordercast.services.order_api.app", "ordercast.services.order_api.orders.routes")
print([name for name in unused if name in sys.modules], gc.isenabled())
"""
CONSOLE = """
import sys
import ordercast.services.console.__main__

print([name for name in ("sqlalchemy", "asyncpg", "alembic", "duckdb", "pyarrow", "numpy") if name in sys.modules])
"""


def run(program: str) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env={})
    return ran.stdout.splitlines()


def test_nothing_looks_for_garbage_while_it_imports_and_what_is_left_out_can_be_imported_later() -> None:
    assert run(PROGRAM) == ["False", "wave is left out of this import", "True True"]


def test_a_relay_loads_neither_routes_nor_what_no_service_uses() -> None:
    *reason, loaded = run(RELAY)
    assert "ORDERCAST_DATABASE_URL" in reason[0]
    assert loaded == "[] True"


def test_a_console_loads_nothing_that_knows_a_database_or_reads_files() -> None:
    assert run(CONSOLE) == ["[]"]
