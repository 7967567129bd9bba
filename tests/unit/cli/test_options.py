"""What all commands have in common, tried with a command of the tests' own."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from rich.table import Table
from typer.testing import CliRunner

from ordercast.cli import COMMANDS, NEEDS, app
from ordercast.cli.options import CommandFailed, Context, command, one_command, several_commands
from ordercast.infra.local.state import ProcessRecord, StateFolder
from tests.support.system_info import system_info

runner = CliRunner()
example = one_command()


class OvenCold(Exception):
    """An error that the example expects."""


@example.command()
@command(expected=(OvenCold, OSError))
async def bake(context: Context, loaves: Annotated[int, typer.Argument(min=1)], fail: str = "") -> None:
    """Bakes."""
    if fail == "expected":
        raise OvenCold("the oven is cold")
    if fail == "quoting":
        raise OvenCold("no row root:x:0 [/tmp]")
    if fail == "binary":
        raise OvenCold("PK\x03\x04 \x1b[31m")
    if fail == "hint":
        raise CommandFailed("no flour", hint="buy some")
    context.report("baking")
    context.result({"loaves": loaves, "folder": str(context.folder.root)}, f"{loaves} loaves")


@pytest.mark.parametrize("command", ["import", "up", "tail", "predict"])
def test_help_cuts_no_name_off_in_a_narrow_terminal(command: str) -> None:
    assert "\N{HORIZONTAL ELLIPSIS}" not in runner.invoke(app, [command, "--help"], env={"COLUMNS": "60"}).output


def test_help_breaks_its_lines_where_the_terminal_ends_and_nowhere_else() -> None:
    lines = runner.invoke(app, ["up", "--help"], env={"COLUMNS": "200"}).output.splitlines()
    [line] = [line for line in lines if "A second Ctrl-C does not wait for an orderly end." in line]
    assert len(line.rstrip()) > 180


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_has_help_and_the_shared_options(entry: tuple[str, str, str]) -> None:
    help_text = runner.invoke(app, [entry[0], "--help"], env={"COLUMNS": "120"}).output
    if "COMMAND [ARGS]" not in help_text:  # a group's options stand at its commands
        assert all(option in help_text for option in ("--state", "--port-offset", "--json"))


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys, ordercast.cli as cli\n"
        "try: cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "loaded = {entry.module for entry in cli.COMMANDS} & set(sys.modules)\n"
        "heavy = {'sqlalchemy', 'pandas', 'httpx', 'aiokafka', 'asyncpg', 'tensorflow'} & set(sys.modules)\n"
        "sys.exit(f'{loaded} {heavy}' if loaded or heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert all(entry.name in result.stdout for entry in COMMANDS)


def test_answers_go_to_stdout_and_progress_to_stderr(tmp_path: Path) -> None:
    result = runner.invoke(example, ["3", "--state", str(tmp_path)])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3 loaves\n", "baking\n")


def test_json_is_the_answer_for_programs(tmp_path: Path) -> None:
    result = runner.invoke(example, ["3", "--json", "--state", str(tmp_path)])
    assert json.loads(result.stdout) == {"loaves": 3, "folder": str(tmp_path)}
    assert result.stderr == "baking\n"


def test_an_empty_address_is_refused_and_does_not_mean_the_system_of_the_folder(tmp_path: Path) -> None:
    result = runner.invoke(app, ["status", "--against", "", "--state", str(tmp_path)])
    assert (result.exit_code, result.stderr.splitlines()[0]) == (1, "error: '' is no address of a service")


def test_an_expected_error_is_one_line_and_exit_code_1() -> None:
    result = runner.invoke(example, ["3", "--fail", "expected"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: the oven is cold\n")


def test_what_others_wrote_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert runner.invoke(example, ["3", "--fail", "quoting"]).stderr == "error: no row root:x:0 [/tmp]\n"
    Context(StateFolder.at(tmp_path)).result({}, "admin [/red] is :x: account 1")
    assert capsys.readouterr().out == "admin [/red] is :x: account 1\n"


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    assert runner.invoke(example, ["3", "--fail", "binary"]).stderr == "error: PK\\x03\\x04 \\x1b[31m\n"


@pytest.mark.parametrize("colour", ["FORCE_COLOR", "NO_COLOR"])
def test_nothing_in_a_table_is_cut_off_however_narrow_the_terminal_is(
    colour: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv(colour, "1")
    table = Table("name", "address", "what", box=None, pad_edge=False, header_style="bold")
    table.add_row("order_api", "http://127.0.0.1:8000/documentation", "takes orders and views")
    Context(StateFolder.at(tmp_path)).result({}, table)
    _, row = lines = capsys.readouterr().out.splitlines()
    assert row == "order_api  http://127.0.0.1:8000/documentation  takes orders and views"
    assert [line for line in lines if re.search(r" (\x1b\[0m)?$", line)] == []


def test_an_error_says_what_to_do_about_it() -> None:
    result = runner.invoke(example, ["3", "--fail", "hint"])
    assert result.stderr == "error: no flour\nhint: buy some\n"


@pytest.mark.parametrize(
    "arguments", [["0"], [], ["3", "--port-offset", "-1"], ["3", "--port-offset", "60000"], ["3", "--oven"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert runner.invoke(example, arguments).exit_code == 2


def test_a_lone_command_of_a_group_keeps_its_name() -> None:
    group = several_commands("Bread.")
    group.command()(bake)
    assert "2 loaves" in runner.invoke(group, ["bake", "2"]).stdout
    assert "Bread." in runner.invoke(group, ["--help"]).stdout


def test_without_a_system_a_command_says_how_to_start_one(tmp_path: Path) -> None:
    result = runner.invoke(app, ["status", "--state", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr == f"error: no system runs on {tmp_path}\nhint: start it: ordercast up --state {tmp_path}\n"


def test_a_port_offset_that_is_not_the_running_systems_is_refused(tmp_path: Path) -> None:
    folder = StateFolder.at(tmp_path)
    folder.write_system(system_info(folder, ProcessRecord.current()))
    assert Context(folder).system().port_offset == 10
    assert Context(folder, port_offset=10).system().port_offset == 10
    with pytest.raises(CommandFailed, match="runs with --port-offset 10, not 20"):
        Context(folder, port_offset=20).system()


def test_an_unknown_command_is_answered_with_a_likely_one() -> None:
    result = runner.invoke(app, ["verfy"])
    assert result.exit_code == 2
    assert "Did you mean 'verify'?" in result.stderr


@pytest.mark.parametrize("name", NEEDS)
def test_a_command_whose_packages_are_missing_names_the_extra_that_has_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra, packages = NEEDS[name]
    assert extra in (importlib.metadata.metadata("ordercast").get_all("Provides-Extra") or ())
    monkeypatch.setattr("ordercast.cli.find_spec", lambda package: None if package in packages[-1:] else True)
    result = runner.invoke(app, [name])
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: `ordercast {name}` needs packages that are not installed ({packages[-1]}):"
        f' pip install "ordercast[{extra}]"\n'
    )


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_answer_that_cannot_be_written_is_an_error(form: list[str]) -> None:
    code = "from tests.unit.cli.test_options import example; example()"
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", code, "3", *form], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (result.returncode, result.stderr) == (
        1,
        "baking\nerror: the answer cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_answer_that_nobody_reads_any_more_ends_without_words(form: list[str]) -> None:
    code = "from tests.unit.cli.test_options import example; example()"
    unread, answer = os.pipe()
    os.close(unread)
    result = subprocess.run(
        [sys.executable, "-c", code, "3", *form], stdout=answer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(answer)
    assert (result.returncode, result.stderr) == (1, "baking\n")


def test_predict_loads_nothing_that_a_consumers_installation_lacks() -> None:
    code = (
        "import sys, ordercast.cli.predict\nsys.exit(str({'pyarrow', 'duckdb', 'numpy'} & set(sys.modules) or '') or 0)"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
