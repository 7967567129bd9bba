"""docs/your-data.md, followed to the letter."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import typer

from ordercast.cli.import_ import app
from ordercast.imports.profiles.known import PROFILES
from ordercast.verify import verify
from tests.integration.cli.conftest import Running

PAGE: Final = Path(__file__).parents[3] / "docs/your-data.md"
# An indented block; of several files or commands one after the other, there is an empty line between.
BLOCK: Final = re.compile(r"(?:^    .*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A file to write, or a command to run."""

    file: str | None
    text: str


def examples() -> list[Example]:
    found = []
    for block in BLOCK.findall(PAGE.read_text()):
        lines = [line[4:] for line in block.splitlines()]
        if lines[0].startswith("# "):
            found.append(Example(lines[0][2:], "\n".join(lines[1:]) + "\n"))
        else:
            found += [Example(None, line) for line in lines]
    return found


async def test_every_example_of_the_page_works(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {}
    for example in examples():
        if example.file is not None:
            Path(example.file).write_text(example.text)
            continue
        program, *arguments = shlex.split(example.text)
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
        "line.ndjson": "2 orders created",
        "products.ndjson": "1 products created, 1 products changed",
    }
    for command, words in expected.items():
        texts = [text for line, text in said.items() if command in line]
        assert texts, command
        assert words in texts[-1], (command, texts)
    assert (await verify(running.database_url, running.bootstrap)).differences == []


def test_the_page_names_options_and_profiles_as_the_command_does() -> None:
    page = PAGE.read_text()
    assert [profile.name for profile in PROFILES if f"`{profile.name}`" not in page] == []
    known = {name for option in typer.main.get_command(app).params for name in (*option.opts, *option.secondary_opts)}
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]+", page)) - known == set()
