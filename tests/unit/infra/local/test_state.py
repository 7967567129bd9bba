"""The state folder: its lock, its keys and system.json."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ordercast.infra.local.errors import NotRunning, StateFolderBusy, StateFolderUnusable
from ordercast.infra.local.state import ProcessRecord, StateFolder
from tests.support.system_info import system_info


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder.at(tmp_path / "state")
    folder.prepare()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_the_argument_then_the_variable_then_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_STATE", "from-variable")
    assert StateFolder.at("given").root == Path.cwd() / "given"
    assert StateFolder.at().root == Path.cwd() / "from-variable"
    monkeypatch.delenv("ORDERCAST_STATE")
    assert StateFolder.at().root == Path.cwd() / ".ordercast"


@pytest.mark.parametrize(("uid", "root_mode"), [(1000, 0o700), (0, 0o711)])
def test_the_folder_is_its_owners_alone_also_where_a_release_before_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, root_mode: int
) -> None:
    """Root's PostgreSQL runs as another user, which passes through the folder and may list nothing."""
    folder = StateFolder.at(tmp_path / "state")
    for old in (folder.kafka, folder.logs):
        old.mkdir(parents=True, mode=0o755)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    folder.prepare()
    assert mode(folder.root) == root_mode
    assert {mode(part) for part in (folder.kafka, folder.logs, folder.artifacts, folder.keys)} == {0o700}


def test_a_file_in_place_of_the_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderUnusable, match=r"file cannot be written: File exists") as refusal:
        StateFolder.at(tmp_path / "file").prepare()
    assert "--state" in refusal.value.hint


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderUnusable, match=r"file/state cannot be written: Not a directory"):
        StateFolder.at(tmp_path / "file" / "state").prepare()


def test_a_disk_that_takes_no_more_is_told_before_anything_starts(tmp_path: Path) -> None:
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most[1]))  # as a full disk does, it takes files without a byte
    try:
        with pytest.raises(StateFolderUnusable, match="cannot be written: File too large"):
            StateFolder.at(tmp_path / "state").prepare()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


def test_a_second_supervisor_on_the_folder_is_refused_with_the_first_ones_pid(folder: StateFolder) -> None:
    with folder.locked(), pytest.raises(StateFolderBusy) as refusal, folder.locked():
        pass
    assert str(folder.root) in str(refusal.value)
    assert f"pid {os.getpid()}" in str(refusal.value)


def test_the_lock_is_free_again_after_its_holder_was_killed(folder: StateFolder) -> None:
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys, time; from ordercast.infra.local.state import StateFolder\n"
            "with StateFolder.at(sys.argv[1]).locked(): print('locked', flush=True); time.sleep(60)",
            str(folder.root),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(StateFolderBusy, match=f"pid {holder.pid}"), folder.locked():
            pass
        holder.kill()
    with folder.locked():
        assert folder.lock_file.read_text() == str(os.getpid())


def test_the_token_keys_are_a_pair_made_once_that_only_the_owner_reads(folder: StateFolder) -> None:
    folder.ensure_keys()
    private = load_pem_private_key(folder.token_private_key.read_bytes(), None)
    public = load_pem_public_key(folder.token_public_key.read_bytes())
    assert isinstance(private, Ed25519PrivateKey)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(private.sign(b"message"), b"message")
    assert mode(folder.token_private_key) == 0o600
    before = folder.token_private_key.read_bytes()
    folder.ensure_keys()
    assert folder.token_private_key.read_bytes() == before


def test_the_number_of_partitions_is_fixed_at_the_first_start(folder: StateFolder) -> None:
    assert folder.partitions(4, default=8) == 4
    assert folder.partitions(None, default=8) == 4
    assert folder.partitions(4, default=8) == 4
    with pytest.raises(StateFolderUnusable, match="have 4 partitions; they cannot have 8"):
        folder.partitions(8, default=8)


def test_the_database_password_is_made_once_and_private(folder: StateFolder) -> None:
    password = folder.database_password()
    assert len(password) >= 32
    assert folder.database_password() == password
    assert mode(folder.keys / "database_password") == 0o600
    assert mode(folder.keys) == 0o700


def test_system_json_tells_other_commands_of_a_running_system(folder: StateFolder) -> None:
    info = system_info(folder, ProcessRecord.current())
    folder.write_system(info)
    assert folder.system() == info
    assert mode(folder.system_file) == 0o600


def test_a_system_whose_supervisor_is_gone_does_not_run(folder: StateFolder) -> None:
    current = ProcessRecord.current()
    other_process_with_that_pid = ProcessRecord(current.pid, current.started - 3600)
    folder.write_system(system_info(folder, other_process_with_that_pid))
    with pytest.raises(NotRunning, match="no system runs on") as refusal:
        folder.system()
    assert "ordercast up" in refusal.value.hint


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"supervisor": 1}'])
def test_no_system_runs_without_a_readable_system_json(folder: StateFolder, content: bytes | None) -> None:
    if content is not None:
        folder.system_file.write_bytes(content)
    with pytest.raises(NotRunning):
        folder.system()


def test_a_system_json_that_may_not_be_read_is_not_taken_for_none(folder: StateFolder) -> None:
    folder.system_file.mkdir()  # a permission does not keep root out
    with pytest.raises(StateFolderUnusable, match=r"system\.json cannot be read: Is a directory"):
        folder.system()


def test_a_folder_that_had_tokens_and_no_key_for_models_is_one_of_the_release_before_once(folder: StateFolder) -> None:
    assert not folder.ensure_keys()
    assert not folder.ensure_keys()
    folder.model_private_key.unlink()
    assert folder.ensure_keys()
    assert not folder.ensure_keys()
