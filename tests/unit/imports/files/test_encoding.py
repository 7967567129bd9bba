"""The encoding of a file is found by looking at all of it."""

from pathlib import Path

import pytest

from ordercast.imports.files.encoding import find_encoding


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "café, 머그컵, マグカップ"),
        ("utf-8-sig", "café"),
        ("utf-16", "café"),
        ("cp949", "빨간 머그컵"),
        ("cp949", "우유 1리터, 서울우유"),
        ("cp932", "赤いマグカップ"),
        ("cp932", "タオル 大"),
        ("cp1252", "Tür weiß"),
        ("cp1252", "crème brûlée"),
        ("cp1252", "50 – 60 cm"),
    ],
)
def test_an_encoding_is_found_though_its_text_stands_far_behind(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("order,name\n" + "1,plain\n" * 50_000 + f"2,{text}\n", encoding=encoding)
    assert find_encoding(path) == encoding


def test_one_damaged_row_in_a_utf8_file_does_not_change_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("1,café\n2,crème\n".encode() + b"3,caf\xe9\n")
    assert find_encoding(path) == "utf-8"
