"""The page of predictions for an account and a product."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request, Response

from ordercast.services.console.pages import Operator, page
from ordercast.services.console.parts import NO_MODEL, is_missing, status_of
from ordercast.services.console.predict.choose import MOST_MATCHES
from ordercast.services.console.predict.feature_words import in_plain, in_words
from ordercast.services.console.predict.read_prediction import REASONS, WIDTHS, read_prediction
from ordercast.services.console.predict.schemas import PredictQuestion
from ordercast.services.shared.http.requests import in_query

router = APIRouter()


@router.get("/predict")
async def predict(
    request: Request,
    log_in: Operator,
    asked: Annotated[PredictQuestion, in_query(PredictQuestion)],
) -> Response:
    found = await read_prediction(log_in.client, **asdict(asked))
    return page(
        request,
        "predict.html",
        status_of(found.account.missing, found.product.missing, found.answer),
        found=found,
        missing=is_missing,
        no_model=NO_MODEL,
        most_matches=MOST_MATCHES,
        reasons=REASONS,
        in_words=in_words,
        in_plain=in_plain,
        widths=WIDTHS,
    )
