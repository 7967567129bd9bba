"""The broker's jars: exactly those of kafka_jars/jgo.lock.toml, fetched once into the cache and checked.

`jgo sync` would resolve jgo.toml anew and never compare a SHA-256 with the lock file (jgo 3.2). So the lock file is
read here, jgo fetches each jar by its full coordinates, and a jar with another SHA-256 never reaches a class path.
"""

import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.first_line import first_line
from ordercast.infra.local.cache import cache_dir, exclusive, remove_unfinished
from ordercast.infra.local.errors import JarsUnavailable

LOCK_FILE: Final = Path(__file__).parent / "kafka_jars" / "jgo.lock.toml"
# Jars fetched at the same time: enough to hide the latency of a repository, few enough to be polite to it.
PARALLEL_DOWNLOADS: Final = 8
# Attempts for each jar; a repository behind a proxy drops a connection now and then.
ATTEMPTS: Final = 3
# Deadline (s) for each answer of the repository.
TIMEOUT_S: Final = 30
# Prefix of the folder that they are fetched into.
DOWNLOAD: Final = "download-"
# Jars between two lines of progress.
REPORT_EVERY: Final = 10

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(lock_file: Path = LOCK_FILE) -> tuple[LockedJar, ...]:
    """The jars of the lock file, in its order, which is the order of the class path."""
    lock = tomllib.loads(lock_file.read_text("utf-8"))
    return tuple(
        LockedJar(jar["groupId"], jar["artifactId"], jar["version"], jar["sha256"]) for jar in lock["dependencies"]
    )


def jars_dir(lock_file: Path = LOCK_FILE, name: str = "kafka") -> Path:
    """Where the jars of this lock file are or will be; another lock file has another folder."""
    digest = hashlib.sha256("".join(jar.sha256 for jar in locked_jars(lock_file)).encode()).hexdigest()
    return cache_dir() / f"{name}-{digest[:12]}" / "jars"


def ensure_jars(report: Report = lambda _: None, *, lock_file: Path = LOCK_FILE, name: str = "kafka") -> Path:
    """The folder with all jars, fetched and checked first if it is not there yet. Blocks; safe in several processes.

    Raises:
        JarsUnavailable: a jar cannot be fetched or has another SHA-256.
    """
    folder = jars_dir(lock_file, name)
    if folder.is_dir():  # it gets its name only when every jar in it has been checked
        return folder
    with exclusive(folder.with_suffix(".lock")):
        if not folder.is_dir():
            remove_unfinished(folder.parent, DOWNLOAD)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=DOWNLOAD) as download:
                checked = Path(download) / "jars"
                checked.mkdir()
                _fetch_all(
                    locked_jars(lock_file),
                    Path(download) / "repository",
                    checked,
                    lambda line: report(f"{name.capitalize()}'s jars: {line}"),
                )
                checked.rename(folder)
    return folder


def damaged_jars(folder: Path) -> list[str]:
    """The names of jars that are missing from the folder or have another SHA-256 than the lock file says."""
    return [jar.filename for jar in locked_jars() if _sha256(folder / jar.filename) != jar.sha256]


def _fetch_all(jars: tuple[LockedJar, ...], repository: Path, checked: Path, report: Report) -> None:
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        downloads = {pool.submit(_fetch, jar, repository): jar for jar in jars}
        for done, download in enumerate(as_completed(downloads), start=1):
            jar = downloads[download]
            try:
                path = download.result()
            except Exception as error:
                pool.shutdown(wait=False, cancel_futures=True)
                raise JarsUnavailable(
                    f"{jar.group}:{jar.artifact}:{jar.version} cannot be fetched: {first_line(error)}",
                    hint="the first start needs a Maven repository; a mirror can be named in jgo's own config file",
                ) from error
            found = _sha256(path)
            if found != jar.sha256:
                pool.shutdown(wait=False, cancel_futures=True)
                raise JarsUnavailable(
                    f"{jar.filename} has SHA-256 {found}, the lock file says {jar.sha256}",
                    hint="the repository answered with another file; try again, or use another repository",
                )
            shutil.move(path, checked / jar.filename)
            if done % REPORT_EVERY == 0 or done == len(jars):
                report(f"{done} of {len(jars)}")


def _fetch(jar: LockedJar, repository: Path) -> Path:
    # Imported here: it brings an HTTP client of its own, which only the very first start needs.
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext
    from requests import RequestException

    mirrors = GlobalSettings.load().repositories
    context = MavenContext(repo_cache=repository, remote_repos=mirrors or None, timeout=TIMEOUT_S)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return Path(artifact.resolve())
        except RequestException:
            if attempt == ATTEMPTS:
                raise
            (repository / artifact.component.path_prefix / jar.filename).unlink(missing_ok=True)
    raise AssertionError("the last attempt returns or raises")


def _sha256(path: Path) -> str:
    """The file's digest in hex, or an empty string without a file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
