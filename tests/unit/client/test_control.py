"""Both sides of the control socket: `ordercast.client.control` asks, `ordercast.infra.local.control` answers."""

import asyncio
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ordercast.client.control import ControlRefused, NoControl, ask
from ordercast.errors import ActionableError
from ordercast.infra.local import control
from ordercast.infra.local.control import LONGEST_PATH_BYTES, NAME, control_socket


async def bake(progress: Callable[[str], None], *, loaves: int) -> list[int]:
    if loaves > 9:
        raise ActionableError("the oven is too small", hint="bake twice")
    for number in range(loaves):
        progress(f"loaf {number}")
    return list(range(loaves))


HANDLERS = {"bake": bake}


async def test_progress_comes_before_the_result(tmp_path: Path) -> None:
    lines: list[str] = []
    async with control_socket(tmp_path, HANDLERS) as path:
        assert await asyncio.to_thread(ask, path, "bake", progress=lines.append, loaves=2) == [0, 1]
    assert lines == ["loaf 0", "loaf 1"]


async def test_a_refusal_comes_with_its_hint(tmp_path: Path) -> None:
    async with control_socket(tmp_path, HANDLERS) as path:
        with pytest.raises(ControlRefused, match="the oven is too small") as refused:
            await asyncio.to_thread(ask, path, "bake", loaves=10)
    assert refused.value.hint == "bake twice"


@pytest.mark.parametrize(
    "request_", [b"nonsense\n", b"[]\n", b'{"command":"fry","arguments":{}}\n', b'{"command":"bake"}\n', b"\n"]
)
async def test_what_is_no_request_is_answered_and_the_next_one_too(tmp_path: Path, request_: bytes) -> None:
    async with control_socket(tmp_path, HANDLERS) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request_)
        assert b"the request cannot be read" in await reader.readline()
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
async def test_a_handler_that_fails_is_answered_as_itself_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, failure: Exception, told: str
) -> None:
    async def fail(_progress: Callable[[str], None]) -> None:
        raise failure

    async with control_socket(tmp_path, {"fail": fail}) as path:
        with pytest.raises(ControlRefused) as refused:
            await asyncio.to_thread(ask, path, "fail")
    assert str(refused.value) == told
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is failure


async def test_nobody_but_the_owner_may_connect(tmp_path: Path) -> None:
    async with control_socket(tmp_path, HANDLERS) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path == tmp_path / NAME


async def test_a_folder_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    async with control_socket(folder, HANDLERS) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    assert not path.parent.exists()


async def test_a_long_temporary_folder_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    async with control_socket(folder, HANDLERS) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    assert not path.parent.exists()
    assert list(folder.iterdir()) == []


async def test_without_any_short_folder_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("deep" * (LONGEST_PATH_BYTES // 4))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(control, "SHORT_TMPDIR", str(folder))
    with pytest.raises(ActionableError, match="short enough") as refused:
        async with control_socket(folder, HANDLERS):
            raise AssertionError("it listens")
    assert "TMPDIR" in refused.value.hint


async def test_a_socket_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / NAME))
    left.close()
    with pytest.raises(NoControl, match="Connection refused"):
        ask(tmp_path / NAME, "bake", loaves=1)
    async with control_socket(tmp_path, HANDLERS) as path:
        assert await asyncio.to_thread(ask, path, "bake", loaves=1) == [0]
    with pytest.raises(NoControl, match="No such file"):
        ask(tmp_path / NAME, "bake", loaves=1)


async def test_an_answer_under_way_when_the_block_ends_still_goes_out(tmp_path: Path) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def stop(_progress: Callable[[str], None]) -> str:
        begun.set()
        await over.wait()
        return "stopped"

    async with control_socket(tmp_path, {"stop": stop}) as path:
        asking = asyncio.create_task(asyncio.to_thread(ask, path, "stop"))
        await begun.wait()
        over.set()
    assert await asking == "stopped"


async def test_an_answer_that_comes_too_late_is_cancelled_and_over_when_the_block_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    async with control_socket(tmp_path, {"hang": hang}) as path:
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
