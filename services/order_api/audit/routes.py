"""GET /audit."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from ordercast.services.order_api.audit.read_lines import AuditFilter, read_lines
from ordercast.services.order_api.audit.schemas import AuditAnswer
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.audit.record import Kind
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page, StartingAfter
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER, StoredText, Timestamp

router = APIRouter(tags=["audit"])

# `orders/` and an id have 43 characters, a version of a model some more.
MAX_SUBJECT: Final = 200


@router.get("/audit")
async def list_audit(
    _: CurrentCaller,
    service: CurrentService,
    kind: Kind | None = None,
    account_id: Annotated[
        int | None, PLAIN_INTEGER, Query(ge=1, le=MAX_ID, description="whose doing it was, or whom it was done to")
    ] = None,
    subject: Annotated[
        StoredText | None,
        Query(min_length=1, max_length=MAX_SUBJECT, description="what it was done to, as a path: `products/7`"),
    ] = None,
    since: Annotated[Timestamp | None, Query(description="from this time on")] = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
) -> Page[AuditAnswer]:
    """Log-ins, log-ins that failed, and what admins, operators and the shop's own programs did, the newest first."""
    wanted = AuditFilter(kind, account_id, subject, since)
    lines, has_more = await read_lines(service.reading, wanted, limit=limit, starting_after=starting_after)
    return Page(data=[AuditAnswer.of(line) for line in lines], has_more=has_more)
