"""`ordercast dead-letters`: events that were refused: sending them again after a repair, or never."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, printable, several_commands
from ordercast.services.shared.db.dead_letter_states import State, dead_letter_states, discard_dead_letters
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.kafka.dead_letters import DeadLetter
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.publish_dead_letters import replay
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.read_dead_letters import read_dead_letters

app = several_commands("Events that the feature worker refused.")


@app.command(name="list")
@command(expected=(KafkaError, OSError), against=True)
async def list_(context: Context) -> None:
    """Show each refused event with the reason and what became of it."""
    letters, states = await _read(context)
    context.result([_document(letter, states[letter.id]) for letter in letters], table(letters, states))


@app.command(name="replay")
@command(expected=(KafkaError, OSError), against=True)
async def replay_(
    context: Context,
    ids: Annotated[list[str] | None, typer.Argument(help="As `list` shows them.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
) -> None:
    """Send refused events again to where they came from. However often, each counts once."""
    if bool(ids) == everything:
        raise CommandFailed("say which events to send again", hint="name either their ids or --all")
    letters, states = await _read(context)
    _refuse_unknown(ids or (), letters)
    if over := sorted(id_ for id_ in ids or () if states[id_] == "discarded"):
        raise CommandFailed(f"{', '.join(over)}: discarded, so that no replay counts any more")
    chosen, cut = chosen_letters(letters, states, ids or (), everything=everything)
    async with open_publisher(context.target().kafka_bootstrap, client_id="ordercast-dead-letters") as publisher:
        await replay(publisher, chosen)
    context.result(
        {"replayed": [letter.id for letter in chosen], "cut": [letter.id for letter in cut]},
        f"sent {len(chosen):,} events again"
        + (f"; {len(cut):,} wait on, which were too large to be kept whole" if cut else ""),
    )


@app.command()
@command(expected=(KafkaError, OSError), against=True)
async def discard(
    context: Context, ids: Annotated[list[str], typer.Argument(help="As `list` shows them.", show_default=False)]
) -> None:
    """Never count these events. They stay in the list; it cannot be taken back."""
    letters, _ = await _read(context)
    _refuse_unknown(ids, letters)
    async with _open_database(context) as sessions, sessions() as session, session.begin():
        discarded = sorted(await discard_dead_letters(session, ids))
    context.result({"discarded": discarded}, f"{len(discarded):,} events wait no longer")


def _refuse_unknown(ids: Collection[str], letters: Sequence[DeadLetter]) -> None:
    if unknown := set(ids) - {letter.id for letter in letters}:
        raise CommandFailed(f"there is no dead letter {', '.join(sorted(unknown))}", hint="ordercast dead-letters list")


def chosen_letters(
    letters: Sequence[DeadLetter], states: Mapping[str, State], ids: Collection[str], *, everything: bool
) -> tuple[list[DeadLetter], list[DeadLetter]]:
    """The letters to send again, and those of the waiting ones that cannot be: with `everything` these hold up no other."""
    if not everything:
        return [letter for letter in letters if letter.id in ids], []
    waiting = [letter for letter in letters if states[letter.id] == "waiting"]
    return [letter for letter in waiting if not letter.is_cut], [letter for letter in waiting if letter.is_cut]


async def _read(context: Context) -> tuple[list[DeadLetter], dict[str, State]]:
    letters = await read_dead_letters(context.target().kafka_bootstrap)
    async with _open_database(context) as sessions:
        return letters, await dead_letter_states(sessions, letters)


def _open_database(context: Context) -> AbstractAsyncContextManager[Sessions]:
    return open_database(context.target().database_url, application="ordercast dead-letters", pool_size=1)


def _document(letter: DeadLetter, state: State) -> dict[str, object]:
    return {
        "id": letter.id,
        "state": state,
        "topic": letter.origin.topic,
        "partition": letter.origin.number,
        "offset": letter.offset,
        "accepted_at": _accepted_at(letter),
        "reason": letter.reason,
        "headers": {name: value.decode(errors="replace") for name, value in letter.record.headers},
        "body": (letter.record.value or b"").decode(errors="replace"),
        "is_cut": letter.is_cut,
    }


def _accepted_at(letter: DeadLetter) -> str:
    """The time of the refused record in Kafka."""
    return datetime.fromtimestamp(letter.record.timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds")


def table(letters: list[DeadLetter], states: dict[str, State]) -> Table | str:
    """The letters as lines to read."""
    if not letters:
        return "no dead letters"
    shown = Table("id", "state", "topic", "accepted", "reason", box=None, pad_edge=False, header_style="bold")
    for letter in letters:
        # A reason quotes what it refuses: its brackets are no markup of ours.
        shown.add_row(
            letter.id, states[letter.id], letter.origin.topic, _accepted_at(letter), Text(printable(letter.reason))
        )
    return shown
