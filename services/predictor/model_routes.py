"""The model versions: which were published, which one answers, and choosing another.

Versions, recipes and errors on held-out rows tell nothing of any account, so that looking needs no token.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request

from ordercast.contracts.model_manifest import VERSION_PATTERN
from ordercast.first_line import first_line
from ordercast.services.predictor import errors
from ordercast.services.predictor.describe_models import read_manifests
from ordercast.services.predictor.model_schemas import ActivatedAnswer, CurrentModelAnswer, ModelAnswer
from ordercast.services.predictor.recorded_models import find_model, list_models
from ordercast.services.predictor.wiring import predictor
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.http.authentication import CurrentAdmin
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused

log = structlog.stdlib.get_logger()

router = APIRouter(tags=["models"])

AfterVersion = Annotated[
    str | None, Query(pattern=VERSION_PATTERN, description="version of the last row of the page before")
]


@router.get("/models")
@raises(errors.UnknownModel)
async def show_models(
    request: Request, limit: Limit = DEFAULT_LIMIT, starting_after: AfterVersion = None
) -> Page[ModelAnswer]:
    """All published versions, newest first, with the figures of their trainings."""
    service = predictor(request)
    records, has_more = cut_page(await list_models(service.sessions, limit + 1, starting_after), limit)
    manifests = await read_manifests(service.artifacts, records)
    data = [ModelAnswer.of(*found, service.slot) for found in zip(records, manifests, strict=True)]
    return Page(data=data, has_more=has_more)


@router.get("/models/current")
@raises(errors.NoModel)
async def show_current_model(request: Request) -> CurrentModelAnswer:
    """The version that answers now."""
    slot = predictor(request).slot
    return CurrentModelAnswer.of(slot.take(), slot.previous)


@router.get("/models/{version}")
@raises(errors.UnknownModel)
async def show_model(request: Request, version: str) -> ModelAnswer:
    """One published version with the figures of its training."""
    service = predictor(request)
    record = await find_model(service.sessions, version)
    [manifest] = await read_manifests(service.artifacts, [record])
    return ModelAnswer.of(record, manifest, service.slot)


@router.post("/models/{version}/activate")
@raises(errors.UnknownModel, errors.ModelRefused)
async def activate_model(request: Request, _: CurrentAdmin, version: str) -> ActivatedAnswer:
    """Makes all predictors serve this version, be it newer or older, until another is published or activated."""
    service = predictor(request)
    model, activated_at = await service.follower.activate(version)
    try:
        await service.topic.announce(model.version, activated_at)
    except (BrokerUnavailable, RecordRefused) as error:
        # The record holds already: to fail now would tell the admin that nothing has changed.
        log.warning("an activation was not announced", version=model.version, reason=first_line(error))
        return ActivatedAnswer(version=model.version, activated_at=activated_at, announced=False)
    return ActivatedAnswer(version=model.version, activated_at=activated_at, announced=True)
