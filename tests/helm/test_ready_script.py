"""What `helm test` runs in the cluster, run against services on this machine."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.helm.chart import CHART

SCRIPT: Final = CHART / "files" / "ask_readyz.py"


@contextmanager
def service(*statuses: int) -> Iterator[str]:
    """Answers /readyz with one status after the other, the last one for good."""
    rest = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(rest.pop(0) if len(rest) > 1 else rest[0])
            self.end_headers()
            self.wfile.write(b'{"detail": "not there: database"}')

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/readyz"
        finally:
            server.shutdown()
            thread.join()


def run(script: Path, *urls: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", script, *urls], capture_output=True, text=True, timeout=60)


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """The script with a short deadline."""
    text = SCRIPT.read_text().replace("DEADLINE_S = 60.0", "DEADLINE_S = 0.5").replace("PAUSE_S = 2.0", "PAUSE_S = 0.1")
    assert text.count("0.5") == text.count("0.1") == 1
    changed = tmp_path / "ask_readyz.py"
    changed.write_text(text)
    return changed


def test_all_ready_is_a_pass() -> None:
    with service(200) as one, service(200) as other:
        done = run(SCRIPT, one, other)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["ready", one], ["ready", other]]


def test_a_service_that_becomes_ready_in_time_is_a_pass(tmp_path: Path) -> None:
    quick = tmp_path / "ask_readyz.py"
    quick.write_text(SCRIPT.read_text().replace("PAUSE_S = 2.0", "PAUSE_S = 0.1"))
    with service(503, 503, 200) as url:
        assert run(quick, url).returncode == 0


def test_one_that_is_not_ready_fails_with_what_it_says(impatient: Path) -> None:
    with service(503) as bad, service(200) as good:
        done = run(impatient, bad, good)
    assert done.returncode == 1
    assert f"NOT READY {bad}" in done.stdout
    assert "not there: database" in done.stdout
    assert f"ready     {good}" in done.stdout


def test_one_that_does_not_answer_fails_and_says_why_that_may_be(impatient: Path) -> None:
    with service(200) as url:
        pass
    done = run(impatient, url)
    assert done.returncode == 1
    assert "a predictor is ready with its first model" in done.stdout
