"""The files that pages load: each page names them with their content's hash, so that a browser keeps them until they change."""

from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
PATH: Final = "/static"
_VERSION_SIGNS: Final = 12
# A year (s): another content has another address.
_KEPT: Final = "public,max-age=31536000,immutable"
# Of whoever asks without the hash, or with that of another release: asked for again each time.
_ASKED_AGAIN: Final = "no-cache"
_VERSIONS: Final = {
    path.relative_to(FOLDER).as_posix(): sha256(path.read_bytes()).hexdigest()[:_VERSION_SIGNS]
    for path in FOLDER.rglob("*")
    if path.is_file()
}


def static(name: str) -> str:
    """The address of a file."""
    return f"{PATH}/{name}?v={_VERSIONS[name]}"


def kept_for(name: str, query: bytes) -> str:
    """How long a browser may keep the file that it asked for so (Cache-Control, RFC 9111)."""
    version = _VERSIONS.get(name)
    return _KEPT if version is not None and query == f"v={version}".encode() else _ASKED_AGAIN
