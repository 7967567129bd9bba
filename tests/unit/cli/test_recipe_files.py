"""A recipe's file that is none is refused before anything is asked of the trainer."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli.options import CommandFailed
from ordercast.cli.recipe_files import MOST_BYTES, read_recipe_file
from ordercast.cli.train import app


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_recipes_document_is_read_with_a_byte_order_mark_or_without(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "lean.toml"
    file.write_text('name = "lean"\n[pair]\nlayers = [8]\nlosses = {order = 1.5}\n', encoding=encoding)
    assert read_recipe_file(file) == {"name": "lean", "pair": {"layers": [8], "losses": {"order": 1.5}}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"# nothing\n", "it is empty"),
        (b'name = "l\xff"', "'utf-8' codec can't decode byte 0xff"),
        (b'{"name": "lean"}', "at line 1, column 1"),
        (b"epochs = 3\nepochs = 4", "Cannot overwrite a value"),
        (b"learning_rate = nan", "recipe.learning_rate must be a finite number, not nan"),
        (b"[pair.losses]\norder = -inf", "recipe.pair.losses.order must be a finite number, not -inf"),
        (b"epochs = 0xffffffffffffffffff", "recipe.epochs must be a number of at most 64 bits"),
        (b"epochs = " + b"1" * 5_000, "Exceeds the limit"),
        (b"[line]\nlayers = [8, 2026-01-01]", "recipe.line.layers must be no date or time"),
        (b"a = " + b"[" * 20_000, "nested too deeply"),
        (b".".join([b"a"] * 20_000) + b" = 1", "nested too deeply"),
        (b"#" * (MOST_BYTES + 1), "longer than 64 KiB"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_with_the_reason(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_bytes(content)
    with pytest.raises(CommandFailed) as refused:
        read_recipe_file(file)
    assert says in str(refused.value)
    assert str(refused.value).startswith(str(file))


@pytest.mark.parametrize(("name", "says"), [(".", "Is a directory"), ("missing.toml", "No such file or directory")])
def test_what_is_no_file_ends_the_command_as_any_other_failure(name: str, says: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--recipe-file", str(tmp_path / name)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"cannot be read: {says}" in " ".join(result.stderr.split())


def test_a_recipe_is_given_once(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--recipe", "demand", "--recipe-file", str(tmp_path)])
    assert result.exit_code == 1
    assert "leave --recipe out" in result.stderr
