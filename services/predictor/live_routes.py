"""How a version's predictions have come out. It tells what was sold, so it is for operators and admins."""

from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request

from ordercast.contracts.because import sentence
from ordercast.contracts.demand_manifest import DemandManifest
from ordercast.services.predictor import errors
from ordercast.services.predictor.describe_models import read_manifests
from ordercast.services.predictor.live_accuracy import LiveAccuracy, live_accuracy
from ordercast.services.predictor.model_schemas import Version
from ordercast.services.predictor.recorded_models import find_model
from ordercast.services.predictor.shop_snapshot import moment_of
from ordercast.services.predictor.wiring import Predictor, predictor
from ordercast.services.shared.demand.feature_drift import Drift, drift_of
from ordercast.services.shared.demand.load_demand_model import asked_as_before
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.raises import raises

router = APIRouter(tags=["models"])


@router.get("/models/{version}/live")
@raises(errors.UnknownModel, errors.InvalidQuestion)
async def show_live_accuracy(request: Request, _: CurrentCaller, version: Version) -> LiveAccuracy:
    """What was said by a version of `demand`, against what was ordered."""
    service = predictor(request)
    manifest = await _manifest(service, version)
    return await service.live.get(version, partial(live_accuracy, service.sessions, version, manifest))


@router.get("/models/{version}/drift")
@raises(errors.UnknownModel, errors.InvalidQuestion, errors.ModelRefused, errors.ActivityNotRead)
async def show_drift(request: Request, _: CurrentCaller, version: Version) -> Drift:
    """The age of a version of `demand`, and how far the features of today's pairs lie from those that it learned from."""
    service = predictor(request)
    manifest = await _manifest(service, version)
    if manifest is None:
        raise errors.ModelRefused(sentence("files-damaged", version=version))
    snapshot, _at = service.shop.take()
    features = await snapshot.features(moment_of(None), before=asked_as_before(manifest))
    drift = await service.drifts.of(features, version, partial(drift_of, manifest, features))
    return drift.at(datetime.now(UTC))  # kept as long as nothing happens in the shop, while the version grows older


async def _manifest(service: Predictor, version: str) -> DemandManifest | None:
    """Of a version of demand; None if its files are gone or damaged."""
    record = await find_model(service.sessions, version)
    if record.recipe != "demand":
        raise errors.InvalidQuestion(sentence("demand-alone-looked-after", version=version, recipe=record.recipe))
    [manifest] = await read_manifests(service.artifacts, [record])
    return manifest if isinstance(manifest, DemandManifest) else None
