"""The environment of what the tests' process starts: a system, and commands on it."""

import os
from typing import Final

# Where images and downloads come from. They say nothing of how a system behaves or which one a command is for.
KEPT: Final = frozenset(
    {
        "ORDERCAST_CACHE_DIR",
        "ORDERCAST_IMAGES",
        "ORDERCAST_KAFKA_IMAGE",
        "ORDERCAST_POSTGRES_IMAGE",
        "ORDERCAST_VERSION",
    }
)


def child_environment(**variables: str) -> dict[str, str]:
    """The tests' own environment and these variables, without what a shell has for another system: ORDERCAST_* but for KEPT."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_") or name in KEPT}
    return own | variables
