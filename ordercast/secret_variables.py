"""A variable, or the file that holds it: the way in which Compose and Kubernetes hand secrets to a container."""

from collections.abc import Mapping
from pathlib import Path


def secret_variable(name: str, environment: Mapping[str, str]) -> str | None:
    """The variable, else the file called so in lower case in the folder ORDERCAST_SECRETS_DIR; None without either, or empty."""
    if value := environment.get(name):
        return value
    if folder := environment.get("ORDERCAST_SECRETS_DIR"):
        path = Path(folder) / name.lower()
        if path.is_file():
            return path.read_text().strip() or None
    return None
