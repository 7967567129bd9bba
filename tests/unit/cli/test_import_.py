"""`ordercast import` before it reads anything."""

import asyncio
import shlex
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ordercast.cli.import_ import app, rejects_of
from ordercast.infra.local.state import StateFolder

# In the second row nothing tells the day from the month, nor decimals from thousands.
EVENTS = (
    "Wann;Kunde;Artikel;Anzahl;Ereignis\n13.04.2026 09:00;ann;MUG;1,0;Ansicht\n01.02.2026 09:00;;MUG;1,000;Warenkorb\n"
)
TOLD = ("--map", "occurred_at=Wann", "--zone", "Europe/Berlin", "--currency", "EUR")


class Taking:
    """Takes all that is sent; or is interrupted."""

    def __init__(self, *, interrupted: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._interrupted = interrupted

    async def send(self, _: Sequence[Any]) -> dict[int, str]:
        if self._interrupted:
            raise asyncio.CancelledError
        return {}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, interrupted: bool = False) -> Result:
    @asynccontextmanager
    async def open_access(_: Any) -> AsyncIterator[Any]:
        addresses = SimpleNamespace(order_api="http://127.0.0.1:1")
        yield SimpleNamespace(admin=None, target=SimpleNamespace(addresses=addresses))

    monkeypatch.setattr("ordercast.cli.import_.open_access", open_access)
    monkeypatch.setattr("ordercast.cli.import_.sender_of", lambda *_: Taking(interrupted=interrupted))
    monkeypatch.setattr("ordercast.cli.options.Context.target", lambda _: None)
    return CliRunner().invoke(app, [*arguments])


def test_refused_rows_come_in_by_the_command_that_is_said_once_they_are_corrected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "events.csv").write_text(EVENTS)
    first = run(monkeypatch, "views", "events.csv", *TOLD, "--state", "other")
    assert first.exit_code == 0, first.output
    said = first.stdout.splitlines()[-1].partition("correct them there, then: ")[2]
    rejects = folder / "out/rejects_events.csv"
    rejects.write_text(rejects.read_text().replace(",,MUG", ",ann,MUG"))
    program, name, *arguments = shlex.split(said)
    assert (program, name) == ("ordercast", "import")
    assert arguments[-2:] == ["--state", str(StateFolder.at(Path("other")).root)]
    again = run(monkeypatch, *arguments)
    assert again.exit_code == 0, again.output
    assert "imported 1 + refused 0" in again.stdout
    assert not list((folder / "out").glob("rejects_rejects*"))


def test_refused_rows_without_the_options_of_their_file_say_where_these_stand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "events.csv").write_text(EVENTS)
    run(monkeypatch, "views", "events.csv", *TOLD)
    result = run(monkeypatch, "views", "out/rejects_events.csv")
    assert result.exit_code == 1
    assert "no column is known to be occurred_at" in result.stderr
    assert "all options of their file" in " ".join(result.stderr.split())


def test_ctrl_c_says_what_becomes_of_what_was_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "events.csv").write_text(EVENTS)
    result = run(monkeypatch, "views", "events.csv", *TOLD, interrupted=True)
    assert result.exit_code == 130
    told = " ".join(result.stderr.split())
    assert "interrupted: 0 of 2 rows were dealt with" in told
    assert "The same command again sends only what is missing." in told


def test_a_file_of_which_nothing_comes_in_ends_with_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "events.csv").write_text(EVENTS.replace("Ansicht", "Kauf").replace("Warenkorb", "Kauf"))
    result = run(monkeypatch, "views", "events.csv", *TOLD, "--map", "kind=Ereignis")
    assert (result.exit_code, "--kind WORD=view" in result.stdout) == (1, True)


def test_words_of_the_shop_for_a_status_can_be_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "orders.csv").write_text(
        "order no,customer,date,sku,qty,price,status\n1,ann,2026-04-01T12:00:00Z,MUG,1,8.00,Terminée\n"
    )
    told = ("orders", "orders.csv", "--currency", "EUR")
    first = run(monkeypatch, *told)
    assert (first.exit_code, "--status WORD=STATUS" in first.stdout) == (1, True)
    second = run(monkeypatch, *told, "--status", "Terminée=CONFIRMED")
    assert (second.exit_code, "imported 1 + refused 0" in second.stdout) == (0, True)


def test_refused_rows_are_never_written_over_the_file_that_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref\n1\n")
    result = CliRunner().invoke(app, ["orders", str(file), "--rejects", str(tmp_path / "." / "orders.csv")])
    assert (result.exit_code, file.read_text()) == (1, "order_ref\n1\n")
    assert "--rejects is the file itself" in result.stderr


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz", "orders.csv.zip", "orders.gz"])
def test_refused_rows_are_called_by_the_file_and_never_packed(name: str) -> None:
    assert rejects_of(Path("elsewhere") / name) == Path("out/rejects_orders.csv")


def test_refused_rows_of_a_workbook_are_not_those_of_a_text_file() -> None:
    assert rejects_of(Path("orders.xlsx")) == Path("out/rejects_orders.xlsx.csv")
