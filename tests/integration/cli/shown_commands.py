"""Runs what a page of documentation shows: each command as it stands there, but for what is named as another thing here."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg

from ordercast.client import ORDER_API_PORT, PREDICTOR_PORT, TRAINER_PORT
from ordercast.client.request import Request
from tests.integration.cli.conftest import Running

ROOT: Final = Path(__file__).parents[3]
WITHIN_S: Final = 120.0
_SHOWN: Final = re.compile(r"^ {4,}((?:(?:ordercast|curl|tail|GET|SELECT)\b|TOKEN=).*)$", re.MULTILINE)
_WORKER_PORT: Final = 8003


async def run_page(
    page: str,
    running: Running,
    *,
    section: str = "",
    instead: Mapping[str, str] | None = None,
    token: str = "",
    answer: str = "",
) -> dict[str, str]:
    """What each command of the page, or of the section of this heading, said; none may fail. What is shown twice is run once.

    `instead`: what stands on the page (each has to) and what is run in its place; empty: it is left out. `token` stands for
    `$TOKEN`, and `answer` is what a command that asks for something is told.
    """
    text = (ROOT / page).read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    for shown, run in (instead or {}).items():
        assert shown in text, f"{page} does not show {shown}"
        text = text.replace(shown, run)
    said: dict[str, str] = {}
    for command in dict.fromkeys(_commands(text)):
        program = command.split()[0]
        if program == "ordercast":
            result = await running.run(*shlex.split(command)[1:], input=answer or None)
            assert result.exit_code == 0, f"{command}\n{result.output}"
            said[command] = result.output
        elif program == "SELECT":
            said[command] = await _ask(running, command)
        else:
            said[command] = await _in_shell(running, command, token)
            token = said.pop(command).strip() if program.startswith("TOKEN=") else token
    assert said, f"{page} shows no command"
    return said


async def token_of(running: Running) -> str:
    """An access token of the operator."""
    request = await running.admin.order_api.session.authorized(Request("GET", ""))
    return request.headers["Authorization"].removeprefix("Bearer ")


def _commands(text: str) -> list[str]:
    joined = re.sub(r"^( {4,}SELECT [^;]*);", lambda found: " ".join(found[1].split("\n")), text, flags=re.MULTILINE)
    joined = re.sub(r"^(SELECT)", r"    \1", joined.replace("\\\n", " "), flags=re.MULTILINE)
    return [re.sub(r" {2,}# .*$", "", shown).strip() for shown in _SHOWN.findall(joined)]


async def _ask(running: Running, query: str) -> str:
    connection = await asyncpg.connect(running.database_url.replace("+asyncpg", ""))
    try:
        return str(await connection.fetch(query))
    finally:
        await connection.close()


async def _in_shell(running: Running, command: str, token: str) -> str:
    urls = running.system.urls
    command = re.sub(r"^GET (\S+)$", r"curl -s 'localhost:8000\1' -H 'authorization: Bearer '$TOKEN", command)
    command = command.replace("curl -s ", "curl -s --fail-with-body --noproxy '*' ")
    command = command.replace(".ordercast/", f"{running.system.folder.root}/").replace("TOKEN=$(", "echo $(")
    ports = {ORDER_API_PORT: "order_api", TRAINER_PORT: "trainer", PREDICTOR_PORT: "predictor"} | {
        _WORKER_PORT: "feature_worker"
    }
    for port, service in ports.items():
        command = command.replace(f"localhost:{port}", urls[service].removeprefix("http://"))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", command),
        env={**os.environ, "PATH": path, "TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_S):
        said = (await process.communicate())[0].decode()
    assert process.returncode == 0, f"{command}\n{said}"
    return said
