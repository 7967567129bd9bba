"""The events as they come, over one stream a page, and the contract of a type."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.console.contract import contract_fields
from ordercast.services.console.event_stream import EventStream
from ordercast.services.console.events.schemas import EventsQuestion, LastId
from ordercast.services.console.events.tail_events import tail, until_stopped
from ordercast.services.console.events.whose import TYPES
from ordercast.services.console.log_in.look_again import look_again
from ordercast.services.console.pages import Operator, console, page
from ordercast.services.shared.http.requests import in_query

router = APIRouter()

Asked = Annotated[EventsQuestion, in_query(EventsQuestion)]
# Lines of the page; the oldest go.
ROWS = 200


@router.get("/events")
async def show_events(request: Request, _: Operator, asked: Asked) -> Response:
    return page(request, "events.html", asked=asked, types=TYPES, rows=ROWS)


@router.get("/events/stream")
async def stream(
    request: Request,
    log_in: Operator,
    asked: Asked,
    last_id: Annotated[LastId | None, Query()] = None,
    last_event_id: Annotated[LastId | None, Header()] = None,
) -> Response:
    """A browser that was cut off says itself where it was; the page does after a pause. Tokens are renewed before the feed opens,
    which cannot do so itself."""
    await look_again(log_in)
    feed = log_in.client.order_api.events(
        types=asked.types, since=asked.begins, last_id=last_event_id or last_id or None
    )
    return EventStream(until_stopped(request.app.state.stopping, tail(feed, asked.whose)), console(request).streams)


@router.get("/events/contract")
async def show_contract(
    request: Request,
    _: Operator,
    type: Annotated[str, Query(max_length=200)],  # noqa: A002
) -> Response:
    fields = contract_fields(event_schema(type)) if type in EVENT_TYPES else []
    return page(request, "event_contract.html", type=type, fields=fields)
