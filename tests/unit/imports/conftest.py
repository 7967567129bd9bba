"""The real file of Online Retail."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def online_retail_file() -> Path:
    """The real file, which lies beside the repository and not in it: missing, it fails in CI and skips elsewhere."""
    path = Path(__file__).parents[4] / "shared" / "data" / "online_retail.csv.gz"
    if not path.exists():
        message = f"the real file is not at {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path
