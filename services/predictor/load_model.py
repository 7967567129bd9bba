"""A version folder -> a model that is ready to serve, or a reason why it is not. Nothing in the folder is executed.

The order is what makes it safe: the record names the manifest's hash, the manifest names every file's hash, and only bytes
that have passed are parsed. Files are opened relative to one open folder and never through a link, so what was checked is
what is read, even if somebody swaps the folder meanwhile.
"""

import hashlib
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ordercast.contracts.ensemble_forward import Ensemble, WeightsError, stack_weights
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    SCALER_FILE,
    VERSION_PATTERN,
    WEIGHTS_FILE,
    FileEntry,
    ManifestError,
    ModelManifest,
    Scaler,
    decode_manifest,
    file_entry,
)
from ordercast.first_line import first_line
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.model_slot import ServedModel

# Bounds on what is read into memory (bytes); the recipe's manifest has some 5 kB, its weights 0.7 MB.
MAX_MANIFEST_BYTES: Final = 1 << 20
MAX_FILE_BYTES: Final = 32 << 20
# View counts for the first forward passes: the two ends of what clients may ask, and some between.
MAX_VIEW_COUNT: Final = 10**12
WARM_VIEW_COUNTS: Final = (0, 1, 1_000, 5_500, 10_000, MAX_VIEW_COUNT)


def load_model(artifacts: Path, version: str, manifest_sha256: str) -> ServedModel:
    """Verifies, parses and warms one version. It reads files and computes: call it in a thread.

    Raises:
        ModelRefused: anything is missing, damaged, too much, or not what the record says.
    """
    if re.fullmatch(VERSION_PATTERN, version) is None:
        raise ModelRefused(f"{version!r} is not a version id")
    with _refusing_os_errors(version), _open_folder(artifacts / version) as folder:
        manifest = _verified_manifest(folder, version, manifest_sha256)
        contents = {name: _verified_file(folder, name, entry) for name, entry in manifest.files.items()}
        _refuse_extra_files(folder, manifest)
    ensemble = _ensemble(manifest, contents[WEIGHTS_FILE], contents[SCALER_FILE])
    _warm(ensemble)
    return ServedModel(manifest, manifest_sha256, ensemble, datetime.now(UTC))


def read_manifest(artifacts: Path, version: str, manifest_sha256: str) -> ModelManifest:
    """What is known of a version, served or not. It reads a file: call it in a thread. Raises ModelRefused as `load_model` does."""
    with _refusing_os_errors(version), _open_folder(artifacts / version) as folder:
        return _verified_manifest(folder, version, manifest_sha256)


def _verified_manifest(folder: int, version: str, sha256: str) -> ModelManifest:
    with _open_file(folder, MANIFEST_FILE) as file:
        raw = file.read(MAX_MANIFEST_BYTES + 1)
    if len(raw) > MAX_MANIFEST_BYTES:
        raise ModelRefused(f"{MANIFEST_FILE} has more than {MAX_MANIFEST_BYTES} bytes")
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ModelRefused(f"{MANIFEST_FILE} does not have the SHA-256 that was published")
    try:
        manifest = decode_manifest(raw)
    except ManifestError as error:
        raise ModelRefused(str(error)) from error
    if manifest.version != version:
        raise ModelRefused(f"{MANIFEST_FILE} is of version {manifest.version}")
    return manifest


def _verified_file(folder: int, name: str, entry: FileEntry) -> bytes:
    if entry.size > MAX_FILE_BYTES:
        raise ModelRefused(f"{name} has {entry.size} bytes, more than {MAX_FILE_BYTES}")
    with _open_file(folder, name) as file:
        content = file.read(entry.size + 1)
    if file_entry(content) != entry:
        raise ModelRefused(f"{name} does not have the size and SHA-256 that the manifest says")
    return content


def _refuse_extra_files(folder: int, manifest: ModelManifest) -> None:
    extra = set(os.listdir(folder)) - manifest.files.keys() - {MANIFEST_FILE}
    if extra:
        raise ModelRefused(f"the folder holds files that the manifest does not name: {', '.join(sorted(extra))}")


def _ensemble(manifest: ModelManifest, weights: bytes, scaler: bytes) -> Ensemble:
    try:
        arrays = safetensors.load(weights)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelRefused(f"{WEIGHTS_FILE}: {first_line(error)}") from error
    try:
        stacked = stack_weights(manifest.recipe.layers, manifest.recipe.members, arrays)
    except WeightsError as error:
        raise ModelRefused(f"{WEIGHTS_FILE}: {error}") from error
    try:
        numbers = msgspec.json.decode(scaler, type=Scaler)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelRefused(f"{SCALER_FILE}: {first_line(error)}") from error
    if not (math.isfinite(numbers.mean) and math.isfinite(numbers.scale) and numbers.scale > 0):
        raise ModelRefused(f"{SCALER_FILE}: mean {numbers.mean} and scale {numbers.scale} cannot scale anything")
    return Ensemble(stacked, numbers)


def _warm(ensemble: Ensemble) -> None:
    """Real forward passes, so that the first client does not pay for cold caches and no client gets an infinity."""
    with np.errstate(all="ignore"):
        if not np.isfinite(ensemble.answer(WARM_VIEW_COUNTS)).all():
            raise ModelRefused("the ensemble answers with a number that is not finite")
    for view_count in WARM_VIEW_COUNTS:
        ensemble.answer((view_count,))


@contextmanager
def _refusing_os_errors(version: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = error.filename if isinstance(error.filename, str) else version
        raise ModelRefused(f"{Path(what).name} cannot be read: {error.strerror or error}") from error


@contextmanager
def _open_folder(path: Path) -> Iterator[int]:
    """A descriptor of the folder itself: a link in its place is refused."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _open_file(folder: int, name: str) -> Iterator[BinaryIO]:
    """A regular file in the folder. Links are refused, and O_NONBLOCK keeps a pipe in its place from hanging the open."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ModelRefused(f"{name} is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)
