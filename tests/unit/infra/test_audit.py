"""What `make audit` makes of uv's answers."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

AUDIT: Final = Path(__file__).parents[3] / "infra" / "tools" / "audit"
UNREACHABLE: Final = "error: Request failed\n  cause: error sending request for url"


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [
        ("exit 0", "", 0),
        ("echo found 1 vulnerability; exit 1", "", 1),
        (f"echo '{UNREACHABLE}' >&2; exit 2", "NOT looked up", 0),
        ("echo 'error: no lock file' >&2; exit 2", "no lock file", 2),
    ],
    ids=["none known", "one known", "source away", "another error"],
)
def test_a_source_that_is_away_is_said_and_fails_nothing_else(
    tmp_path: Path, answer: str, words: str, status: int
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\n[ "$1" = export ] && exit 0\n{answer}\n')
    uv.chmod(0o755)
    ended = subprocess.run([AUDIT, tmp_path / "out" / "sbom.json", uv], capture_output=True, text=True, check=False)
    assert ended.returncode == status
    assert words in ended.stderr
    assert ("NOT looked up" in ended.stderr) == (words == "NOT looked up")
