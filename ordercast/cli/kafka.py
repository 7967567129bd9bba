"""`ordercast kafka`: for whoever runs the Kafka of a system."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ordercast.cli.options import Context, command, several_commands
from ordercast.infra.kafka.rights import ROLES, Right, sorted_rights, user_of

app = several_commands("What the services need of a Kafka that somebody else runs.")


@app.command()
@command()
def rights(
    context: Context,
    commands: Annotated[
        bool, typer.Option("--commands", help="As the arguments of Kafka's own kafka-acls.sh, one right a line.")
    ] = False,
) -> None:
    """Show what the user of each service has to be allowed; whatever is not in there, it does not need.

    It asks no system. READ and WRITE include DESCRIBE, as Kafka has it. Topics are made by a user who may do everything, as
    `python -m ordercast.infra.kafka.set_up` makes these users and rights, too.
    """
    needed = sorted_rights()
    if commands:
        context.result([_command(right) for right in needed], "\n".join(map(_command, needed)))
    else:
        context.result([{"user": user_of(right.role), **right._asdict()} for right in needed], _table(needed))


def _command(right: Right) -> str:
    principal = f"--allow-principal User:{user_of(right.role)}"
    return (
        f"--add {principal} --operation {right.operation.title()} --{right.kind.lower().replace('_', '-')} {right.name}"
    )


def _table(needed: Sequence[Right]) -> Table:
    shown = Table("user", "reads", "writes", "group", "transactional id", box=None, pad_edge=False, header_style="bold")
    for role in ROLES:
        cells = (("TOPIC", "READ"), ("TOPIC", "WRITE"), ("GROUP", "READ"), ("TRANSACTIONAL_ID", "WRITE"))
        shown.add_row(
            user_of(role),
            *(", ".join(r.name for r in needed if (r.role, r.kind, r.operation) == (role, *cell)) for cell in cells),
        )
    return shown
