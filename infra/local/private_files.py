"""Files that only their owner can read."""

from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Writes such a file, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_bytes(content)
    new.replace(path)
