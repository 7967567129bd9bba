"""What is remembered of files by their shape."""

from dataclasses import replace
from pathlib import Path

from ordercast.services.console.imports import remembered as module
from ordercast.services.console.imports.remembered import Remembered
from ordercast.services.console.imports.told import Told

HEADER = ("No", "Kunde")
TOLD = Told(zone="Asia/Seoul", currency="KRW", columns={"account_ref": "Kunde"})


def test_what_was_told_completes_what_is_told_of_the_same_columns_and_subject_alone(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    Remembered(path).keep(TOLD, HEADER)
    again = Remembered(path)
    assert again.completed(Told(), HEADER) == TOLD
    other = Told(zone="UTC", columns={"account_ref": "No"})
    assert again.completed(other, HEADER) == Told(zone="UTC", currency="KRW", columns={"account_ref": "No"})
    assert again.completed(Told(), (*HEADER, "more")) == Told()
    assert again.completed(Told("views"), HEADER) == Told("views")


def test_an_encoding_is_found_or_told_for_each_file_by_itself(tmp_path: Path) -> None:
    """The columns are known once the file was read in one: another one then would send other texts than were shown."""
    kept = Remembered(tmp_path / "told.json")
    kept.keep(replace(TOLD, encoding="cp949"), HEADER)
    assert kept.completed(Told(), HEADER) == TOLD
    assert kept.completed(Told(encoding="euc-kr"), HEADER) == replace(TOLD, encoding="euc-kr")


def test_the_oldest_shapes_go(tmp_path: Path) -> None:
    kept = Remembered(tmp_path / "told.json")
    for number in range(module.MOST + 1):
        kept.keep(TOLD, [f"column {number}"])
    assert kept.completed(Told(), ["column 0"]) == Told()
    assert kept.completed(Told(), ["column 1"]) == TOLD


def test_a_file_that_is_none_or_cannot_be_written_fails_no_import(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    path.write_text("[")
    assert Remembered(path).completed(Told(), HEADER) == Told()
    nowhere = Remembered(tmp_path / "no folder" / "told.json")
    nowhere.keep(TOLD, HEADER)
    assert nowhere.completed(Told(), HEADER) == Told()
