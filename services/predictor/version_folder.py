"""A version folder -> a model that is ready to serve, or a reason why it is not. Nothing in the folder is executed.

The order is what makes it safe: the record names the manifest's hash, the manifest names every file's hash, and only bytes
that have passed are parsed. Files are opened relative to one open folder and never through a link, so what was checked is
what is read, even if somebody swaps the folder meanwhile.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, TypeVar

from ordercast.contracts.model_manifest import MANIFEST_FILE, VERSION_PATTERN, FileEntry, ManifestError, file_entry
from ordercast.services.predictor.errors import ModelRefused

# Bounds on what is read into memory (bytes); a manifest has some 5 kB, the weights of a recipe under 2 MB.
MAX_MANIFEST_BYTES: Final = 1 << 20
MAX_FILE_BYTES: Final = 32 << 20


class Manifest(Protocol):
    """What the manifests of all recipes say."""

    @property
    def version(self) -> str: ...

    @property
    def files(self) -> Mapping[str, FileEntry]: ...


ManifestT = TypeVar("ManifestT", bound=Manifest)
Decode = Callable[[bytes], ManifestT]  # raises ManifestError


def read_version(
    artifacts: Path, version: str, manifest_sha256: str, decode: Decode[ManifestT]
) -> tuple[ManifestT, dict[str, bytes]]:
    """A version's manifest and the content of each file that it names. It reads files: call it in a thread.

    Raises:
        ModelRefused: anything is missing, damaged, too much, or not what the record says.
    """
    with _refusing_os_errors(version), _open_folder(artifacts, version) as folder:
        manifest = _verified_manifest(folder, version, manifest_sha256, decode)
        contents = {name: _verified_file(folder, name, entry) for name, entry in manifest.files.items()}
        _refuse_extra_files(folder, manifest)
    return manifest, contents


def read_manifest(artifacts: Path, version: str, manifest_sha256: str, decode: Decode[ManifestT]) -> ManifestT:
    """What is known of a version, served or not. It reads a file: call it in a thread. Raises ModelRefused as above."""
    with _refusing_os_errors(version), _open_folder(artifacts, version) as folder:
        return _verified_manifest(folder, version, manifest_sha256, decode)


def _verified_manifest(folder: int, version: str, sha256: str, decode: Decode[ManifestT]) -> ManifestT:
    with _open_file(folder, MANIFEST_FILE) as file:
        raw = file.read(MAX_MANIFEST_BYTES + 1)
    if len(raw) > MAX_MANIFEST_BYTES:
        raise ModelRefused(f"{MANIFEST_FILE} has more than {MAX_MANIFEST_BYTES} bytes")
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ModelRefused(f"{MANIFEST_FILE} does not have the SHA-256 that was published")
    try:
        manifest = decode(raw)
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


def _refuse_extra_files(folder: int, manifest: Manifest) -> None:
    extra = set(os.listdir(folder)) - manifest.files.keys() - {MANIFEST_FILE}
    if extra:
        raise ModelRefused(f"the folder holds files that the manifest does not name: {', '.join(sorted(extra))}")


@contextmanager
def _refusing_os_errors(version: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = error.filename if isinstance(error.filename, str) else version
        raise ModelRefused(f"{Path(what).name} cannot be read: {error.strerror or error}") from error


@contextmanager
def _open_folder(artifacts: Path, version: str) -> Iterator[int]:
    """A descriptor of the folder itself: a link in its place is refused."""
    if re.fullmatch(VERSION_PATTERN, version) is None:
        raise ModelRefused(f"{version!r} is not a version id")
    folder = os.open(artifacts / version, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
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
