"""`ordercast tail`: events as they come, from order_api's feed, or topic by topic from Kafka."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from ordercast.cli.feed_options import BEGINNING, Limit, Since, Types, following, parse_since
from ordercast.cli.options import CommandFailed, Context, command, one_command, printable
from ordercast.client.kafka import KafkaUnavailable
from ordercast.reading.tail import TailedEvent
from ordercast.reading.tail import tail as follow
from ordercast.system.access import SYSTEM_ERRORS

app = one_command()

# An RFC 3339 time to the second.
_TO_THE_SECOND: Final = 19


@app.command()
@command(expected=(*SYSTEM_ERRORS, KafkaUnavailable), against=True)
async def tail(
    context: Context,
    topics: Annotated[
        list[str] | None,
        typer.Argument(
            help="Read these topics from Kafka itself, such as dead-letters, with what is no event.",
            show_default="the feed",
        ),
    ] = None,
    types: Types = None,
    since: Since = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="First the events that are there.")] = False,
    limit: Limit = None,
) -> None:
    """Show events as they come, until Ctrl-C. With --json each is a line of JSON."""
    if topics and (types is not None or since is not None):
        raise CommandFailed("--types and --since are of the feed, which has no topics", hint="leave the topics out")
    try:
        if topics:
            await _tail_topics(context, topics, from_start=from_start, limit=limit)
        else:
            await _tail_feed(context, types, BEGINNING if from_start else parse_since(since), limit)
    except asyncio.CancelledError:  # Ctrl-C is how it is meant to end
        return


async def _tail_feed(context: Context, types: str | None, since: Any, limit: int | None) -> None:
    shown = 0
    async with following(context, types=types, since=since) as events:
        async for followed in events:
            if followed.event is None:
                continue
            context.result(followed.event, feed_line(followed.event))
            shown += 1
            if shown == limit:
                return


async def _tail_topics(context: Context, topics: list[str], *, from_start: bool, limit: int | None) -> None:
    shown = 0
    async for event in follow(context.target().kafka_bootstrap, topics, from_start=from_start):
        context.result(asdict(event), line(event))
        shown += 1
        if shown == limit:
            return


def feed_line(event: dict[str, Any]) -> Text:
    """The event as one line, whatever is in it."""
    data = json.dumps(event["data"], separators=(",", ":"), ensure_ascii=False)
    return _line(str(event["time"])[:_TO_THE_SECOND], "", str(event["type"]), data)


def line(event: TailedEvent) -> Text:
    """The event as one line, whatever its writer put into it."""
    data = event.data if isinstance(event.data, str) else json.dumps(event.data, separators=(",", ":"))
    return _line(event.time, f"{event.topic}/{event.partition}@{event.offset}  ", event.type, data)


def _line(time: str, place: str, kind: str, data: str) -> Text:
    time, kind, data = (printable(part).replace("\n", "\\n") for part in (time, kind.removeprefix("ordercast."), data))
    return Text.assemble((f"{time}  ", "dim"), (place, "cyan"), (f"{kind}  ", "bold"), data)
