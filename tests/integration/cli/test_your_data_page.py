"""docs/your-data.md, followed to the letter."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
import typer

from ordercast.cli import forecast, train
from ordercast.cli.import_ import app
from ordercast.imports.profiles.known import PROFILES
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.support.page_examples import examples

PAGE: Final = Path(__file__).parents[3] / "docs/your-data.md"


async def test_every_example_of_the_page_works(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {}
    for example in examples(PAGE):
        if example.file is not None:
            Path(example.file).write_text(example.text)
            continue
        program, *arguments = shlex.split(example.text)
        if program == "export":
            [state] = arguments
            assert state.startswith("ORDERCAST_STATE=")  # that of `running` is told
            continue
        assert program == "ordercast"
        if arguments == ["up"]:
            continue  # it runs
        if arguments == ["train"]:
            await verify(running.database_url, running.bootstrap)  # the features have caught up
            arguments += ["--members", "2", "--epochs", "2"]
        result = await running.run(*arguments)
        assert result.exit_code == 0, f"{example.text}\n{result.output}"
        said[example.text] = result.stdout
    expected = {
        "orders.csv --zone": "rows in 7 = imported 7 + refused 0",
        "views.csv": "4 views added",
        "till.csv --map": "1 rows were summed",
        "--mapping till.toml": "2 orders repeated",
        "views events.ndjson": "1 views added, 1 carts added",
        "orders events.ndjson": "rows in 3 = imported 1 + refused 0 + left out 2",
        "line.ndjson": "2 orders created",
        "products.ndjson": "1 products created, 1 products changed",
    }
    for command, words in expected.items():
        texts = [text for line, text in said.items() if command in line]
        assert texts, command
        assert words in texts[-1], (command, texts)
    assert (await verify(running.database_url, running.bootstrap)).differences == []


def test_the_page_names_options_and_profiles_as_the_commands_do() -> None:
    page = PAGE.read_text()
    assert [profile.name for profile in PROFILES if f"`{profile.name}`" not in page] == []
    commands = [typer.main.get_command(command) for command in (app, train.app, forecast.app)]
    options = [option for command in commands for option in command.params]
    known = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]+", page)) - known == set()
