"""Webhooks: events that are posted to a URL, signed by the Standard Webhooks specification."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from ordercast.services.order_api import errors
from ordercast.services.order_api.webhooks.manage_webhooks import (
    change_webhook,
    create_webhook,
    delete_webhook,
    read_webhook,
    read_webhooks,
    rotate_secret,
)
from ordercast.services.order_api.webhooks.read_deliveries import State, read_deliveries, replay_delivery, replay_span
from ordercast.services.order_api.webhooks.schemas import (
    DeliveryAnswer,
    DeliveryReplayRequest,
    NewWebhook,
    ReplayAnswer,
    SecretRotation,
    ShownWebhookAnswer,
    WebhookAnswer,
    WebhookPatch,
)
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page, StartingAfter
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId

router = APIRouter(tags=["webhooks"])


@router.post("/webhooks", status_code=201)
@raises(errors.WebhookUrlRefused, errors.TokenEnded, errors.TooManyWebhooks)
async def create(
    body: NewWebhook, caller: CurrentCaller, service: CurrentService, response: Response
) -> ShownWebhookAnswer:
    """Posts events of these types that are accepted from now on to the URL, each at least once.

    `secret` is shown in this answer and never again; a library for Standard Webhooks checks with it what comes.
    """
    types = frozenset(body.event_types)
    made = await create_webhook(service.sessions, caller, body.url, types, private=service.webhook_private_addresses)
    response.headers["Location"] = f"/webhooks/{made.row.id}"
    return ShownWebhookAnswer.shown(made)


@router.get("/webhooks")
async def list_webhooks(
    _: CurrentCaller, service: CurrentService, limit: Limit = DEFAULT_LIMIT, starting_after: StartingAfter = None
) -> Page[WebhookAnswer]:
    """All webhooks, without their secrets."""
    rows, has_more = await read_webhooks(service.reading, limit=limit, starting_after=starting_after)
    return Page(data=[WebhookAnswer.of(row) for row in rows], has_more=has_more)


@router.get("/webhooks/{webhook_id}")
@raises(errors.WebhookNotFound)
async def get_webhook(webhook_id: PathId, _: CurrentCaller, service: CurrentService) -> WebhookAnswer:
    """One webhook, without its secret."""
    return WebhookAnswer.of(await read_webhook(service.reading, webhook_id))


@router.patch("/webhooks/{webhook_id}")
@raises(errors.WebhookUrlRefused, errors.TokenEnded, errors.WebhookNotFound)
async def change(
    webhook_id: PathId, body: WebhookPatch, caller: CurrentCaller, service: CurrentService
) -> WebhookAnswer:
    """Changes the URL or the event types, pauses it, or lets it go on: what was noted meanwhile is sent then."""
    private = service.webhook_private_addresses
    return WebhookAnswer.of(await change_webhook(service.sessions, caller, webhook_id, body.change(), private=private))


@router.delete("/webhooks/{webhook_id}", status_code=204)
@raises(errors.TokenEnded, errors.WebhookNotFound)
async def delete(webhook_id: PathId, caller: CurrentCaller, service: CurrentService) -> None:
    """Ends it for good, with what is still to be sent. What is just on its way may still arrive."""
    await delete_webhook(service.sessions, caller, webhook_id)


@router.post("/webhooks/{webhook_id}/secret")
@raises(errors.TokenEnded, errors.WebhookNotFound)
async def rotate(
    webhook_id: PathId, caller: CurrentCaller, service: CurrentService, body: SecretRotation | None = None
) -> ShownWebhookAnswer:
    """Gives it a new secret, shown in this answer alone. The one before signs as well for `overlap_s`, a day unless said."""
    overlap = timedelta(seconds=(body or SecretRotation()).overlap_s)
    return ShownWebhookAnswer.shown(await rotate_secret(service.sessions, caller, webhook_id, overlap))


@router.get("/webhooks/{webhook_id}/deliveries")
@raises(errors.WebhookNotFound)
async def list_deliveries(
    webhook_id: PathId,
    _: CurrentCaller,
    service: CurrentService,
    state: Annotated[State | None, Query(description="only these")] = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
) -> Page[DeliveryAnswer]:
    """What was and is to be sent, the newest first, with the answer of the last attempt."""
    rows, has_more = await read_deliveries(
        service.reading, webhook_id, state, limit=limit, starting_after=starting_after
    )
    return Page(data=[DeliveryAnswer.of(row) for row in rows], has_more=has_more)


@router.post("/webhooks/{webhook_id}/replay")
@raises(errors.TokenEnded, errors.WebhookNotFound, errors.DeliveryNotFound)
async def replay(
    webhook_id: PathId, body: DeliveryReplayRequest, caller: CurrentCaller, service: CurrentService
) -> ReplayAnswer:
    """Sends a delivery once more, or up to 5,000 of a span, with the same `webhook-id`, whatever came of them before."""
    if body.delivery_id is not None:
        return ReplayAnswer.of(await replay_delivery(service.sessions, caller, webhook_id, body.delivery_id))
    return ReplayAnswer.of(await replay_span(service.sessions, caller, webhook_id, body.span()))
