"""What the feature worker knows of one account and one product, and whether that is right."""

from fastapi import APIRouter

from ordercast.services.order_api.pairs.read_pair import read_pair
from ordercast.services.order_api.pairs.schemas import SHOWN_DAYS, PairAnswer, VerificationAnswer
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId
from ordercast.services.shared.kafka.errors import BrokerUnavailable

router = APIRouter(tags=["features"])


@router.get("/pairs/{account_id}/{product_id}")
async def show_pair(account_id: PathId, product_id: PathId, _: CurrentCaller, service: CurrentService) -> PairAnswer:
    """The feature row of an account and a product, when it was last changed, and the newest 60 days behind it."""
    known = await read_pair(service.reading, account_id, product_id, most_days=SHOWN_DAYS)
    return PairAnswer.of(account_id, product_id, known)


@router.post("/pairs/{account_id}/{product_id}/verification")
@raises(BrokerUnavailable)
async def verify(
    account_id: PathId, product_id: PathId, _: CurrentCaller, service: CurrentService
) -> VerificationAnswer:
    """Computes the row and its days anew from the orders and the views in Kafka, and compares every field. It waits a few seconds
    for the worker; of views it reads 500,000 at most, and says so where there are more."""
    return VerificationAnswer.of(await service.verify_pair(account_id, product_id))
