"""Options of the commands that read the feed of events, and how they read it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from ordercast.cli.options import CommandFailed, Context
from ordercast.client.errors import ProblemAnswer
from ordercast.client.event_answers import FollowedEvent
from ordercast.client.follow_events import follow_events
from ordercast.system.access import open_access

# Before the first event of any shop.
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
GONE: Final = 410

Types = Annotated[
    str | None,
    typer.Option("--types", help="With commas, such as order.placed,product.changed.", show_default="all"),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="First what was accepted then or later, such as 2026-07-01T09:30:00Z; a time without a zone is this machine's.",
        show_default=False,
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="End after so many events.", show_default=False)
]


def parse_since(text: str | None) -> datetime | None:
    """Raises CommandFailed."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise CommandFailed(f"--since {text} is no time", hint="such as 2026-07-01T09:30:00Z, or 2026-07-01") from None


@asynccontextmanager
async def following(
    context: Context, *, types: str | None, since: datetime | None, last_id: str | None = None
) -> AsyncIterator[AsyncIterator[FollowedEvent]]:
    """The events of the system, over breaks of its connection.

    Raises:
        CommandFailed: events after `last_id` are gone, or it is none of this feed.
        ClientError: the system refuses, or stays away.
    """
    names = types.split(",") if types is not None else None
    async with open_access(context.target()) as access:
        try:
            yield follow_events(access.admin.order_api, types=names, since=since, last_id=last_id)
        except ProblemAnswer as problem:
            if problem.status == GONE:
                hint = "remove the position file; with --since the events that are there come first"
            elif problem.kind == "invalid-event-id" or "last-event-id" in problem.fields:
                hint = "the position file is of other --types or of another system: name another one, or remove it"
            else:
                raise
            raise CommandFailed(str(problem), hint=hint) from problem
