"""The broker's jars: what the lock file names, and nothing else, reaches the cache."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ordercast.infra.local import jars
from ordercast.infra.local.errors import JarsUnavailable
from ordercast.infra.local.jars import LockedJar, damaged_jars, ensure_jars, jars_dir, locked_jars


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORDERCAST_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Repository:
    """A Maven repository without a network; the tests choose what it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, content: dict[str, bytes]) -> None:
        self.content = content
        self.asked: list[str] = []
        lock = tuple(
            LockedJar("org.example", name, "1.0", hashlib.sha256(data).hexdigest()) for name, data in content.items()
        )
        monkeypatch.setattr(jars, "locked_jars", lambda *_: lock)
        monkeypatch.setattr(jars, "_fetch", self.fetch)

    def fetch(self, jar: LockedJar, repository: Path) -> Path:
        self.asked.append(jar.artifact)
        if jar.artifact not in self.content:
            raise ConnectionError("nobody answers")
        repository.mkdir(exist_ok=True)
        path = repository / jar.filename
        path.write_bytes(self.content[jar.artifact])
        return path


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Repository:
    return Repository(monkeypatch, {"broker": b"the broker", "tools": b"the tools"})


def test_the_lock_file_was_made_from_the_toml_file_beside_it() -> None:
    toml = jars.LOCK_FILE.with_name("jgo.toml").read_bytes()
    assert f'spec_hash = "{hashlib.sha256(toml).hexdigest()[:16]}"' in jars.LOCK_FILE.read_text()


def test_every_locked_jar_has_a_sha256_and_a_name_of_its_own() -> None:
    locked = locked_jars()
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert len({jar.filename for jar in locked}) == len(locked) > 50


def test_all_jars_are_fetched_once(repository: Repository) -> None:
    folder = ensure_jars()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "broker-1.0.jar": b"the broker",
        "tools-1.0.jar": b"the tools",
    }
    assert ensure_jars() == folder
    assert sorted(repository.asked) == ["broker", "tools"]


def test_several_at_once_fetch_once(repository: Repository) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: ensure_jars(), range(4)))) == 1
    assert sorted(repository.asked) == ["broker", "tools"]


def test_a_jar_with_another_sha256_is_refused_and_nothing_is_kept(repository: Repository, cache: Path) -> None:
    repository.content["tools"] = b"something else"
    with pytest.raises(JarsUnavailable, match=r"tools-1.0.jar has SHA-256 .*, the lock file says"):
        ensure_jars()
    assert not jars_dir().exists()
    assert not list(cache.rglob("*.jar"))


def test_a_jar_that_cannot_be_fetched_is_named(repository: Repository) -> None:
    del repository.content["tools"]
    with pytest.raises(JarsUnavailable, match=r"org.example:tools:1.0 cannot be fetched: nobody answers"):
        ensure_jars()


def test_what_a_killed_download_left_is_removed(repository: Repository) -> None:
    left = jars_dir().parent / "download-killed"
    left.mkdir(parents=True)
    ensure_jars()
    assert not left.exists()


def test_damage_in_the_cache_is_found(repository: Repository) -> None:
    folder = ensure_jars()
    assert damaged_jars(folder) == []
    (folder / "broker-1.0.jar").write_bytes(b"the br")
    (folder / "tools-1.0.jar").unlink()
    assert damaged_jars(folder) == ["broker-1.0.jar", "tools-1.0.jar"]


def test_another_lock_file_uses_another_folder(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    first = jars_dir()
    Repository(monkeypatch, {"broker": b"a newer broker"})
    assert jars_dir() != first
