"""`ordercast kafka`: for whoever runs the Kafka of a system."""

import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.table import Table

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.contracts.topics import ALL_TOPICS, DEAD_LETTERS, ORDERS
from ordercast.infra.kafka.rights import ADMIN, RIGHTS, ROLES, Right, sorted_rights, user_of
from ordercast.kafka_security import client_arguments
from ordercast.services.shared.kafka.errors import KafkaError

app = several_commands(
    "What the services need of a Kafka that somebody else runs, and users for consumers on that of `ordercast up`."
)

# Of the published contract; the dead letters are for the operators of the system alone.
READABLE: Final = tuple(topic.name for topic in ALL_TOPICS if topic is not DEAD_LETTERS)
OWN_USERS: Final = user_of("")
_USER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Whoever joined one of these would take a service's partitions from it.
OWN_GROUPS: Final = frozenset(right.name for right in RIGHTS if right.kind == "GROUP")
_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


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


@app.command(name="add-reader")
@command(expected=(KafkaError,))
async def add_reader(
    context: Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The name that the consumer logs in with.")],
    group: Annotated[str, typer.Option(help="The consumer group that it reads as.")],
    topic: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC", help="Such as orders; several times for several.", show_default=ORDERS.name),
    ] = None,
) -> None:
    """Make a user who may read topics of the system on the folder, for a consumer of yours, and nothing else.

    What it prints are variables for a shell, the password among them, shown this once. Made again it gets a new
    password, and keeps what it might read before.
    """
    from ordercast.infra.kafka.grant_rights import add_reader as make_reader

    topics = topic or [ORDERS.name]
    if unknown := sorted(set(topics) - set(READABLE)):
        raise CommandFailed(
            f"there is no topic {', '.join(unknown)} for readers", hint=f"there are {', '.join(READABLE)}"
        )
    if not _USER.fullmatch(user) or user.startswith(OWN_USERS):
        raise CommandFailed(
            f"{user!r} is no name for a user", hint=f"letters, digits, - and _, not beginning with {OWN_USERS}"
        )
    if not _GROUP.fullmatch(group) or group in OWN_GROUPS:
        raise CommandFailed(
            f"{group!r} is no name for a consumer group",
            hint=f"letters, digits, ., - and _, and none of the services' own: {', '.join(sorted(OWN_GROUPS))}",
        )
    info = context.system()
    if not info.kafka_login:
        raise CommandFailed("the broker of this system asks nobody to log in", hint="a consumer reads without a user")
    password, admin = secrets.token_urlsafe(), context.folder.kafka_passwords()[ADMIN]
    super_user = client_arguments(f"{user_of(ADMIN)}:{admin}@{info.kafka_bootstrap}")
    await make_reader(super_user, user, password, topics, group)
    variables = {
        "ORDERCAST_KAFKA_BOOTSTRAP": info.kafka_bootstrap,
        "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "ORDERCAST_KAFKA_USERNAME": user,
        "ORDERCAST_KAFKA_PASSWORD": password,
    }
    context.result(variables, "\n".join(f"export {name}={value}" for name, value in variables.items()))


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
