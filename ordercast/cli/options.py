"""What every command shares: its options, its way to answer, and its way to fail.

    app = one_command()

    @app.command()
    @command(expected=(ClientError,))
    async def verify(context: Context, limit: int = 20) -> None:
        \"\"\"The text of `ordercast verify --help`.\"\"\"
        context.result(data, "0 differences")

`@command` replaces the first parameter by the options --state, --port-offset and --json, runs the coroutine, and turns
the expected errors into one line on stderr and exit code 1. With `@command(against=True)` there is --against too, and
`context.target()` is the system to work on, whoever runs it. A module with several commands uses `several_commands`.
"""

import asyncio
import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Final

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.text import Text

from ordercast.errors import ActionableError
from ordercast.infra.local.ports import MAX_OFFSET
from ordercast.infra.local.state import StateFolder, SystemInfo

if TYPE_CHECKING:
    from ordercast.system.remote import RemoteSystem
    from ordercast.system.target import Target

# What a shell expects of a program that Ctrl-C ended before it could do its work.
EXIT_INTERRUPTED: Final = 130
SHARED_PANEL: Final = "Options of every command"
# Width (characters) in which a table is asked how much of it it would take; none of ours needs as much.
WIDEST: Final = 10_000
AGAINST_PANEL: Final = "For a system that somebody else runs"

State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        envvar="ORDERCAST_STATE",
        help="The system's folder; .ordercast if not given.",
        rich_help_panel=SHARED_PANEL,
        show_default=False,
    ),
]
PortOffset = Annotated[
    int | None,
    typer.Option(
        "--port-offset",
        envvar="ORDERCAST_PORT_OFFSET",
        min=0,
        max=MAX_OFFSET,
        help="Added to every port; 0, or that of the running system, if not given.",
        rich_help_panel=SHARED_PANEL,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.", rich_help_panel=SHARED_PANEL)]

Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="URL",
        help="Of its order_api, such as http://127.0.0.1:8000. What else is needed comes from the variables (or, below"
        " ORDERCAST_SECRETS_DIR, files) ORDERCAST_API_KEY or _ADMIN_EMAIL and _ADMIN_PASSWORD, _DATABASE_URL and _KAFKA_BOOTSTRAP.",
        rich_help_panel=AGAINST_PANEL,
        show_default=False,
    ),
]
Trainer = Annotated[
    str | None,
    typer.Option(
        "--trainer",
        envvar="ORDERCAST_TRAINER_URL",
        metavar="URL",
        help="At the port after order_api's, if not given.",
        rich_help_panel=AGAINST_PANEL,
        show_default=False,
    ),
]
Predictor = Annotated[
    str | None,
    typer.Option(
        "--predictor",
        envvar="ORDERCAST_PREDICTOR_URL",
        metavar="URL",
        help="At the port after the trainer's, if not given.",
        rich_help_panel=AGAINST_PANEL,
        show_default=False,
    ),
]


class CommandFailed(ActionableError):
    """A command cannot do what it was asked to. The message is one line; `hint` says what to do about it."""


class Stderr(Console):
    """Words beside the answer. Where nobody reads them any more, the work goes on without them."""

    def __init__(self) -> None:
        # No emoji: a path or a file's row with ":x:" in it has to stand as it is.
        super().__init__(stderr=True, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """In place of rich's own answer, which ends the program and takes standard output along."""
        self.quiet = True


@dataclass(frozen=True, slots=True)
class Context:
    """The options that every command has, and where its words go: answers to stdout, all else to stderr."""

    folder: StateFolder
    port_offset: int | None = None
    json: bool = False
    # The system that somebody else runs, with --against.
    remote: "RemoteSystem | None" = None
    # For progress bars and for tables while something is under way.
    console: Console = field(default_factory=Stderr)

    def target(self) -> "Target":
        """The system to work on: that of --against, else the one that runs on the folder. Raises ActionableError if none does."""
        # Here, since it takes a while to import the client: `ordercast up` does without.
        from ordercast.system.target import LocalSystem

        return self.remote or LocalSystem(self.folder, self.system())

    def system(self) -> SystemInfo:
        """The system that runs on the folder. Raises ActionableError if none does, or one with another --port-offset."""
        info = self.folder.system()
        if self.port_offset is not None and self.port_offset != info.port_offset:
            raise CommandFailed(
                f"the system on {self.folder.root} runs with --port-offset {info.port_offset}, not {self.port_offset}",
                hint="leave the option out, or name the other system's folder with --state",
            )
        return info

    @property
    def where(self) -> str:
        """What names the system to the next command; nothing for the one that commands work on anyway."""
        return f" --against {self.remote.addresses.order_api}" if self.remote else self.folder.option

    def report(self, line: RenderableType) -> None:
        """A line of progress."""
        self.console.print(line)

    def result(self, data: object, text: RenderableType) -> None:
        """The command's answer: `data` as JSON with --json, else `text`. `data` is anything that msgspec encodes.

        A str is printed as it is, since it may quote what others wrote; a table's cell that does is a rich Text. Lines stay
        lines, for grep and for reading.

        Raises:
            CommandFailed: standard output does not take it, such as a file on a full disk.
        """
        try:
            self._write(data, text)
        except OSError as error:
            # What is left of it would fail once more at the program's end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):  # nobody reads any more: no words about it, as rich does for texts
                raise typer.Exit(1) from None
            raise CommandFailed(f"the answer cannot be written: {error.strerror or error}") from error

    def _write(self, data: object, text: RenderableType) -> None:
        if self.json:
            sys.stdout.write(msgspec.json.encode(data).decode() + "\n")
            sys.stdout.flush()
        else:
            console = Console(highlight=False, emoji=False)
            if isinstance(text, str | Text):
                console.print(Text(printable(text)) if isinstance(text, str) else text, soft_wrap=True)
            else:
                _print_whole(console, text)


def _print_whole(console: Console, table: RenderableType) -> None:
    """Prints a table as wide as it is: the terminal breaks its lines, and nothing is cut off."""
    console.width = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    with console.capture() as captured:
        console.print(table)
    # A cell is filled up to its column's width; at the end of a line that would be a blank line in a narrow terminal.
    console.out(re.sub(r" +((?:\x1b\[0m)?)$", r"\1", captured.get(), flags=re.MULTILINE), end="", highlight=False)


# A command: its Context, then its own parameters; a coroutine or a plain function.
CommandFunction = Callable[Concatenate[Context, ...], Coroutine[Any, Any, None] | None]

# Behind the parameters of the command itself.
_SHARED: Final = (
    inspect.Parameter("state", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=State),
    inspect.Parameter("port_offset", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PortOffset),
    inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json),
)
_AGAINST: Final = (
    inspect.Parameter("against", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Against),
    inspect.Parameter("trainer", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Trainer),
    inspect.Parameter("predictor", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Predictor),
)


def command(
    *, expected: tuple[type[Exception], ...] = (), against: bool = False
) -> Callable[[CommandFunction], Callable[..., None]]:
    """Makes a function of a Context into a typer command. `expected` are errors whose text is meant for the user.

    With `against` it also works on systems that somebody else runs.
    """
    failures: tuple[type[Exception], ...] = (ActionableError, *expected)

    def decorate(function: CommandFunction) -> Callable[..., None]:
        @functools.wraps(function)
        def run(
            *,
            state: Path | None,
            port_offset: int | None,
            json: bool,
            against: str | None = None,
            trainer: str | None = None,
            predictor: str | None = None,
            **own: Any,
        ) -> None:
            context = Context(StateFolder.at(state), port_offset, json)
            try:
                # An empty one, out of a variable that is not set, must not mean the system of the folder.
                if against is not None:
                    context = replace(context, remote=_remote(against, trainer, predictor))
                answer = function(context, **own)
                if answer is not None:
                    asyncio.run(answer)
            except failures as error:
                _fail(error, context.where)

        _, *own_parameters = inspect.signature(function, eval_str=True).parameters.values()
        parameters = [*own_parameters, *(_AGAINST if against else ()), *_SHARED]
        # What typer reads in place of the signature above.
        shown: Any = run
        shown.__signature__ = inspect.Signature(parameters, return_annotation=None)
        shown.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        shown.__doc__ = flowing(function.__doc__ or "")
        return run

    return decorate


def flowing(text: str) -> str:
    """Paragraphs without the ends of lines that they have in the source, which help would keep at any width."""
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in inspect.cleandoc(text).split("\n\n"))


def _remote(against: str, trainer: str | None, predictor: str | None) -> "RemoteSystem":
    from ordercast.system.remote import remote_system

    return remote_system(against, trainer=trainer, predictor=predictor)


def printable(text: str) -> str:
    """Control characters escaped but for tabs and ends of lines: what others wrote must not steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def one_command() -> typer.Typer:
    """The `app` of a module that is one command."""
    return typer.Typer(add_completion=False)


def several_commands(text: str) -> typer.Typer:
    """The `app` of a module whose commands have a word in common, such as `admin create`. `text` is its help."""
    group = typer.Typer(add_completion=False, no_args_is_help=True, help=flowing(text))

    @group.callback()
    def _() -> None:
        """Without a callback typer would make a lone command the whole app."""

    return group


def _fail(error: Exception, where: str) -> None:
    # Here, since it takes a while to import the client: only a command that fails needs it.
    from ordercast.cli.next_steps import in_words, next_step

    console = Stderr()
    console.print(f"[bold red]error:[/] {escape(printable(in_words(error)))}", soft_wrap=True)
    if hint := getattr(error, "hint", "") or next_step(error, where):
        console.print(f"[dim]hint:[/] {escape(hint)}", soft_wrap=True)
    raise typer.Exit(1) from None
