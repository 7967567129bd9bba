"""The file of a mapping, as people and their editors write it."""

from pathlib import Path

import pytest

from ordercast.imports.errors import FileUnreadable
from ordercast.imports.profiles.mapping import Mapping, SavedMapping, Subject, read_mapping, write_mapping

SAVED = SavedMapping(Subject.VIEWS, Mapping({"sku": ["Artikel"], "account_ref": ["Käufer"], "occurred_at": ["Tag"]}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_kept_mapping_is_read_with_and_without_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "kept" / "views.toml"
    write_mapping(path, SAVED)
    path.write_text(path.read_text("utf-8"), encoding)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert read_mapping(path) == SAVED


@pytest.mark.parametrize(
    "content", [b"", b"subject = ", b"subject = 'views'\n[mapping]\ncolums = {}", "Käufer".encode("cp1252")]
)
def test_what_is_no_mapping_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "views.toml"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"views\.toml is no mapping: ."):
        read_mapping(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"views\.toml: No such file"):
        read_mapping(tmp_path / "views.toml")
