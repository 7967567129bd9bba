"""Puts a model version on disk whole or not at all: written under another name, made durable, renamed."""

import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ordercast.contracts.demand_manifest import DemandManifest
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    FileEntry,
    ModelManifest,
    encode_manifest,
    file_entry,
)

# What a killed process left unfinished is removed after this long (s); publishing itself takes about a second.
UNFINISHED_AFTER_S: Final = 3_600
_UNFINISHED: Final = ".unfinished-"


def write_version(
    artifacts: Path,
    manifest: ModelManifest | DemandManifest,
    contents: Mapping[str, bytes],
    export: Callable[[Path], None] = lambda _folder: None,
) -> str:
    """Write the version folder; returns the SHA-256 of its manifest.json.

    A cancelled training is ended by SIGTERM; while the folder is unfinished that removes it first. Call it in the main thread.

    `contents` are files by name, `export` adds more to the folder that it is given; the manifest gets size and hash of all.
    """
    artifacts.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(artifacts)
    folder = artifacts / f"{_UNFINISHED}{manifest.version}"
    folder.mkdir()
    before = signal.signal(signal.SIGTERM, _end)
    try:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        export(folder)
        files = {path.name: _made_durable(path) for path in sorted(folder.iterdir())}
        raw = encode_manifest(msgspec.structs.replace(manifest, files=files))
        (folder / MANIFEST_FILE).write_bytes(raw)
        _made_durable(folder / MANIFEST_FILE)
        _sync(folder)
        folder.rename(artifacts / manifest.version)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    _sync(artifacts)
    return hashlib.sha256(raw).hexdigest()


def _end(number: int, _: object) -> None:
    """An exit that runs what stands in `except` and `finally`, which SIGTERM by itself does not."""
    sys.exit(128 + number)


def _made_durable(path: Path) -> FileEntry:
    _sync(path)
    return file_entry(path.read_bytes())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_unfinished(artifacts: Path) -> None:
    for path in artifacts.glob(f"{_UNFINISHED}*"):
        if time.time() - path.stat().st_mtime > UNFINISHED_AFTER_S:
            shutil.rmtree(path, ignore_errors=True)
