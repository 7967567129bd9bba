"""`ordercast events`: what the topics hold, and sending again what products and accounts are."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document
from ordercast.system.service_program import run_program

app = several_commands("See what the topics hold: the events and their schemas; send products and accounts again.")


class StateTopic(StrEnum):
    """The topics that hold the last state of each key."""

    PRODUCTS = "products"
    ACCOUNTS = "accounts"


@app.command()
@command()
def schema(
    context: Context,
    event_type: Annotated[
        str | None,
        typer.Argument(help="Such as order.placed, or its whole name.", show_default="all, with the topics"),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Of the type; the newest if not given.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of an event type, or without one the AsyncAPI document of all topics."""
    if event_type is None and version is not None:
        raise CommandFailed("--version is of an event type", hint="name the type, such as order.placed")
    document = asyncapi_document() if event_type is None else event_schema(full_name(event_type, version))
    context.result(document, json.dumps(document, indent=2, ensure_ascii=False))


@app.command()
@command(against=True)
async def resend(
    context: Context,
    topic: Annotated[StateTopic, typer.Argument(help="Of which everything is sent.", show_default=False)],
) -> None:
    """Send once more what each product or account is: after its topic was lost, or `ordercast verify` found a difference in it."""
    sent = 0
    async for line in run_program("order_api", context.target().database_url, "states-resend", topic):
        sent += int(line)
        context.report(f"{sent:,} {topic} so far")
    context.result({"topic": topic, "sent": sent}, f"the events of {sent:,} {topic} are in the outbox")


def full_name(asked: str, version: int | None = None) -> str:
    """The name of a type, given with or without what all begin with and its version. Raises CommandFailed."""
    name, _, said = asked.removeprefix("ordercast.").partition(".v")
    wanted = version or (int(said) if said.isdigit() else None)
    versions = {
        int(known.rpartition(".v")[2]): known for known in EVENT_TYPES if known.startswith(f"ordercast.{name}.v")
    }
    found = versions.get(wanted or max(versions, default=0))
    if found is None:
        of_version = f" of version {wanted}" if versions else ""
        raise CommandFailed(f"there is no event type {asked}{of_version}", hint=f"one of {', '.join(EVENT_TYPES)}")
    return found
