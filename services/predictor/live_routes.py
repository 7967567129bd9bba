"""How a version's predictions have come out. It tells what was sold, so it is for admins, as the trends are."""

from fastapi import APIRouter, Request

from ordercast.contracts.demand_manifest import DemandManifest
from ordercast.services.predictor import errors
from ordercast.services.predictor.describe_models import read_manifests
from ordercast.services.predictor.live_accuracy import LiveAccuracy, live_accuracy
from ordercast.services.predictor.recorded_models import find_model
from ordercast.services.predictor.wiring import predictor
from ordercast.services.shared.http.authentication import CurrentAdmin
from ordercast.services.shared.http.raises import raises

router = APIRouter(tags=["models"])


@router.get("/models/{version}/live")
@raises(errors.UnknownModel, errors.InvalidQuestion)
async def show_live_accuracy(request: Request, _: CurrentAdmin, version: str) -> LiveAccuracy:
    """What was said by a version of `demand`, against what was ordered. Needs an admin."""
    service = predictor(request)
    record = await find_model(service.sessions, version)
    if record.recipe != "demand":
        raise errors.InvalidQuestion(
            f"{version} is of the recipe {record.recipe}: predictions of demand alone are kept"
        )
    [manifest] = await read_manifests(service.artifacts, [record])
    return await live_accuracy(service.sessions, version, manifest if isinstance(manifest, DemandManifest) else None)
