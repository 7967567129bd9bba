"""The model versions: which were published, which one answers, and choosing another.

Versions, recipes and errors on held-out rows tell nothing of any account, so that looking needs no token.
"""

import asyncio
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from ordercast.contracts.because import sentence
from ordercast.contracts.events import ModelActivated, ModelUnpinned
from ordercast.contracts.model_manifest import VERSION_PATTERN
from ordercast.first_line import first_line
from ordercast.services.predictor import errors
from ordercast.services.predictor.card_page import POLICY
from ordercast.services.predictor.card_words import say_to
from ordercast.services.predictor.describe_models import read_manifests, without_ids
from ordercast.services.predictor.model_card import model_card
from ordercast.services.predictor.model_schemas import (
    MAX_VERSION,
    ActivatedAnswer,
    CurrentModelAnswer,
    ModelAnswer,
    UnpinnedAnswer,
    Version,
    WholeModelAnswer,
)
from ordercast.services.predictor.model_slot import RecipeName
from ordercast.services.predictor.recorded_models import find_model, list_models
from ordercast.services.predictor.wiring import Predictor, predictor, slot_of
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.http.authentication import CurrentCaller, caller_of
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.problem_types.every_service import NOT_AUTHENTICATED

log = structlog.stdlib.get_logger()

router = APIRouter(tags=["models"])

AfterVersion = Annotated[
    str | None,
    Query(pattern=VERSION_PATTERN, max_length=MAX_VERSION, description="version of the last row of the page before"),
]


Recipe = Annotated[RecipeName, Query(description="whose version; each recipe has its own that is served")]


@router.get("/models")
@raises(errors.UnknownModel)
async def show_models(
    request: Request, limit: Limit = DEFAULT_LIMIT, starting_after: AfterVersion = None
) -> Page[ModelAnswer]:
    """All published versions, newest first, with the figures of their trainings."""
    service = predictor(request)
    records, has_more = cut_page(await list_models(service.sessions, limit + 1, starting_after), limit)
    manifests = await read_manifests(service.artifacts, records)
    data = [
        ModelAnswer.of(record, manifest, slot_of(service, record.recipe))
        for record, manifest in zip(records, manifests, strict=True)
    ]
    return Page(data=data, has_more=has_more)


@router.get("/models/current")
@raises(errors.NoModel)
async def show_current_model(request: Request, recipe: Recipe = "baseline") -> CurrentModelAnswer:
    """The version of a recipe that answers now."""
    slot = slot_of(predictor(request), recipe)
    return CurrentModelAnswer.of(slot.take(), slot)


@router.get("/models/{version}")
@raises(NOT_AUTHENTICATED, errors.UnknownModel)
async def show_model(request: Request, version: Version) -> WholeModelAnswer:
    """One published version with its manifest. Who the rows of great influence are of is told to operators and admins alone."""
    service = predictor(request)
    record = await find_model(service.sessions, version)
    [manifest] = await read_manifests(service.artifacts, [record])
    if manifest is not None and not await _sees_ids(request):
        manifest = without_ids(manifest)
    return WholeModelAnswer.whole(ModelAnswer.of(record, manifest, slot_of(service, record.recipe)), manifest)


@router.get(
    "/models/{version}/card",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
@raises(NOT_AUTHENTICATED, errors.UnknownModel, errors.ModelRefused)
async def show_card(request: Request, version: Version) -> HTMLResponse:
    """The card of a version, to look at: a page that runs and loads nothing. Ids in it are told to operators and admins alone.

    In English, or in Korean where `Accept-Language` prefers that; sentences of the manifest stay English.
    """
    service = predictor(request)
    record = await find_model(service.sessions, version)
    [manifest] = await read_manifests(service.artifacts, [record])
    if manifest is None:
        raise errors.ModelRefused(sentence("files-damaged-or-foreign", version=version))
    shown = manifest if await _sees_ids(request) else without_ids(manifest)
    say = say_to(request.headers.get("accept-language", ""))
    card = await asyncio.to_thread(model_card, shown, say)
    headers = {"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'", "Vary": "Accept-Language"}
    return HTMLResponse(card, headers=headers | {"Content-Language": say.language})


async def _sees_ids(request: Request) -> bool:
    """Whether whoever asks may see of whom a model learned. A token that does not hold is refused as everywhere."""
    return "authorization" in request.headers and (await caller_of(request)).for_all


@router.post("/models/{version}/activate")
@raises(errors.UnknownModel, errors.ModelRefused)
async def activate_model(request: Request, caller: CurrentCaller, version: Version) -> ActivatedAnswer:
    """Makes all predictors serve this version, be it newer or older, and pins it: until it is unpinned or another one of its
    recipe is activated, versions of the recipe that are published wait as challengers."""
    service = predictor(request)
    record = await find_model(service.sessions, version)
    follower = service.followers.get(record.recipe)
    if follower is None:
        raise errors.ModelRefused(sentence("recipe-not-served", version=version, recipe=record.recipe))
    model, activated_at = await follower.activate(record, caller)
    announced = await _announced(service, ModelActivated(model.version, activated_at), activated_at)
    return ActivatedAnswer(version=model.version, activated_at=activated_at, announced=announced)


@router.delete("/models/pin")
async def unpin_model(request: Request, caller: CurrentCaller, recipe: Recipe = "baseline") -> UnpinnedAnswer:
    """Takes a recipe's pin back: all predictors serve the version that was published last, and each that is published from then
    on. With nothing pinned it is the same."""
    service = predictor(request)
    unpinned, unpinned_at = await service.followers[recipe].unpin(caller)
    announced = await _announced(service, ModelUnpinned(unpinned, unpinned_at), unpinned_at) if unpinned else True
    current = slot_of(service, recipe).current
    return UnpinnedAnswer(unpinned=unpinned, version=current.version if current else None, announced=announced)


async def _announced(service: Predictor, event: ModelActivated | ModelUnpinned, at: datetime) -> bool:
    """Whether the others were told. The record holds already: to fail now would tell the admin that nothing has changed."""
    try:
        await service.topic.announce(event, at)
    except (BrokerUnavailable, RecordRefused) as error:
        log.warning("a choice of version was not announced", version=event.version, reason=first_line(error))
        return False
    return True
