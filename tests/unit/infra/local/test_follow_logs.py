"""The one log of a system."""

import asyncio
from pathlib import Path

from ordercast.infra.local.follow_logs import following_logs


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


async def test_new_lines_of_all_logs_are_told_with_the_process_that_wrote_them(tmp_path: Path) -> None:
    lines: list[tuple[str, str]] = []
    append(tmp_path / "trainer.log", "from an earlier run\n")
    async with following_logs(tmp_path, lambda name, line: lines.append((name, line))):
        append(tmp_path / "trainer.log", "one\ntwo\n")
        append(tmp_path / "predictor.log", "three\n")
    assert lines == [("predictor", "three"), ("trainer", "one"), ("trainer", "two")]


async def test_a_line_is_told_when_its_end_is_written(tmp_path: Path) -> None:
    lines: list[str] = []
    async with following_logs(tmp_path, lambda _, line: lines.append(line)):
        append(tmp_path / "trainer.log", "half a ")
        await asyncio.sleep(0.25)
        assert lines == []
        append(tmp_path / "trainer.log", "line\n")
    assert lines == ["half a line"]


async def test_a_log_that_is_begun_anew_is_told_from_its_start(tmp_path: Path) -> None:
    lines: list[str] = []
    log = tmp_path / "trainer.log"
    append(log, "a long line of an earlier run\n")
    async with following_logs(tmp_path, lambda _, line: lines.append(line)):
        log.replace(log.with_suffix(".log.1"))
        append(log, "new\n")
    assert lines == ["new"]
