"""tests/support/folders.py: data of tests lies in memory only where there is room for it."""

from pathlib import Path

from tests.support.folders import disk_folder, memory_folder


def test_a_folder_that_is_missing_or_too_small_is_not_taken(tmp_path: Path) -> None:
    assert memory_folder(tmp_path / "missing") is None
    assert memory_folder(tmp_path, wanted_bytes=1 << 62) is None
    assert memory_folder(tmp_path, wanted_bytes=1) == tmp_path


def test_a_folder_on_the_disk_is_gone_afterwards() -> None:
    with disk_folder() as folder:
        (folder / "large").write_bytes(b"1")
    assert not folder.exists()
