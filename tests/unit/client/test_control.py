"""Both sides of the control socket: `ordercast.client.control` asks, `ordercast.infra.local.control` answers."""

import asyncio
import json
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from ordercast.client.control import ControlRefused, NoControl, ask
from ordercast.errors import ActionableError
from ordercast.infra.local import control
from ordercast.infra.local.control import LONGEST_PATH_BYTES, NAME, control_socket


async def bake(progress: Callable[[str], None], *, loaves: Annotated[int, Meta(le=20)]) -> list[int]:
    if loaves > 9:
        raise ActionableError("the oven is too small", hint="bake twice")
    for number in range(loaves):
        progress(f"loaf {number}")
    return list(range(loaves))


HANDLERS = {"bake": bake}


@pytest.fixture
def reported() -> list[str]:
    """What the side that answers reports."""
    return []


async def test_progress_comes_before_the_result(tmp_path: Path, reported: list[str]) -> None:
    lines: list[str] = []
    async with control_socket(tmp_path, HANDLERS, reported.append) as path:
        assert await asyncio.to_thread(ask, path, "bake", progress=lines.append, loaves=2) == [0, 1]
    assert lines == ["loaf 0", "loaf 1"]


async def test_a_refusal_comes_with_its_hint(tmp_path: Path, reported: list[str]) -> None:
    async with control_socket(tmp_path, HANDLERS, reported.append) as path:
        with pytest.raises(ControlRefused, match="the oven is too small") as refused:
            await asyncio.to_thread(ask, path, "bake", loaves=10)
    assert refused.value.hint == "bake twice"


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (b"nonsense", "cannot be read: JSON is malformed"),
        (b"", "cannot be read: Input data was truncated"),
        (b"[]", "cannot be read: Expected `object`, got `array`"),
        (b"\xff\xfe", "cannot be read: JSON is malformed"),
        (b"[" * 30_000, "cannot be read: "),
        (b'"' + b"x" * 70_000, "longer than 65536 bytes"),
        (b'{"command":"fry","arguments":{}}', "there is no command 'fry'; known are bake"),
        (b'{"command":"bake"}', "missing required field `arguments`"),
        (b'{"command":"bake","arguments":[1]}', "Expected `object`, got `array`"),
        (b'{"command":"bake","arguments":{}}', "missing required field `loaves`"),
        (b'{"command":"bake","arguments":{"loaves":1,"salt":1}}', "unknown field `salt`"),
        (b'{"command":"bake","arguments":{"loaves":true}}', "Expected `int`, got `bool` - at `$.loaves`"),
        (b'{"command":"bake","arguments":{"loaves":"1"}}', "Expected `int`, got `str` - at `$.loaves`"),
        (b'{"command":"bake","arguments":{"loaves":2.5}}', "Expected `int`, got `float` - at `$.loaves`"),
        (b'{"command":"bake","arguments":{"loaves":' + b"9" * 5_000 + b"}}", "at `$.loaves`"),
        (b'{"command":"bake","arguments":{"loaves":100}}', "`int` <= 20 - at `$.loaves`"),
    ],
)
async def test_what_is_no_request_is_told_why_and_the_next_one_is_answered(
    tmp_path: Path, reported: list[str], request_: bytes, told: str
) -> None:
    async with control_socket(tmp_path, HANDLERS, reported.append) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request_ + b"\n")
        assert told in json.loads(await reader.readline())["error"]
        writer.close()
        await writer.wait_closed()
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (PermissionError("the oven is locked"), "the oven is locked"),
        (ConnectionResetError("no gas"), "no gas"),
        (TimeoutError(), "TimeoutError"),
        (KeyError("rye"), "'rye'"),
        (RuntimeError("first\nsecond"), "first"),
    ],
)
async def test_a_handler_that_fails_is_answered_as_itself_and_its_traceback_is_reported(
    tmp_path: Path, reported: list[str], failure: Exception, told: str
) -> None:
    async def fail(_progress: Callable[[str], None]) -> None:
        raise failure

    async with control_socket(tmp_path, {"fail": fail}, reported.append) as path:
        with pytest.raises(ControlRefused) as refused:
            await asyncio.to_thread(ask, path, "fail")
    assert str(refused.value) == told
    [line] = reported
    assert line.startswith("a command failed:\nTraceback")
    assert "raise failure" in line


async def test_nobody_but_the_owner_may_connect(tmp_path: Path, reported: list[str]) -> None:
    async with control_socket(tmp_path, HANDLERS, reported.append) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path == tmp_path / NAME


async def test_a_folder_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path, reported: list[str]) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    async with control_socket(folder, HANDLERS, reported.append) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    assert not path.parent.exists()


async def test_a_long_temporary_folder_does_not_matter(
    tmp_path: Path, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    async with control_socket(folder, HANDLERS, reported.append) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    assert not path.parent.exists()
    assert list(folder.iterdir()) == []


async def test_without_any_short_folder_it_says_what_to_do(
    tmp_path: Path, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(control, "SHORT_TMPDIR", str(folder))
    with pytest.raises(ActionableError, match="short enough") as refused:
        async with control_socket(folder, HANDLERS, reported.append):
            raise AssertionError("it listens")
    assert "TMPDIR" in refused.value.hint


async def test_a_socket_that_a_killed_process_left_is_replaced(tmp_path: Path, reported: list[str]) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / NAME))
    left.close()
    with pytest.raises(NoControl, match="Connection refused"):
        ask(tmp_path / NAME, "bake", loaves=1)
    async with control_socket(tmp_path, HANDLERS, reported.append) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    with pytest.raises(NoControl, match="No such file"):
        ask(tmp_path / NAME, "bake", loaves=1)


async def test_what_lies_in_the_way_of_the_socket_is_a_clear_error(tmp_path: Path, reported: list[str]) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(ActionableError, match=f"{NAME} cannot be made: Is a directory") as refused:
        async with control_socket(tmp_path, HANDLERS, reported.append):
            raise AssertionError("it listens")
    assert "--state" in refused.value.hint


async def test_an_answer_under_way_when_the_block_ends_still_goes_out(tmp_path: Path, reported: list[str]) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def stop(_progress: Callable[[str], None]) -> str:
        begun.set()
        await over.wait()
        return "stopped"

    async with control_socket(tmp_path, {"stop": stop}, reported.append) as path:
        asking = asyncio.create_task(asyncio.to_thread(ask, path, "stop"))
        await begun.wait()
        over.set()
    assert await asking == "stopped"


async def test_an_answer_that_comes_too_late_is_cancelled_and_over_when_the_block_has_ended(
    tmp_path: Path, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LAST_ANSWERS_S", 0.01)
    begun, undone = asyncio.Event(), asyncio.Event()

    async def hang(_progress: Callable[[str], None]) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            undone.set()

    async with control_socket(tmp_path, {"hang": hang}, reported.append) as path:
        asking = asyncio.create_task(asyncio.to_thread(ask, path, "hang"))
        await begun.wait()
    assert undone.is_set()
    with pytest.raises(NoControl, match="ended before it had answered"):
        await asking


async def test_a_system_that_ends_without_an_answer_is_told(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / NAME))
    listener.listen()
    asking = asyncio.create_task(asyncio.to_thread(ask, tmp_path / NAME, "bake", loaves=1))
    connection, _ = await asyncio.to_thread(listener.accept)
    await asyncio.to_thread(connection.recv, 1_000)
    connection.close()
    listener.close()
    with pytest.raises(NoControl, match="ended before it had answered"):
        await asking
