"""The features of an account and a product, found by a part of their names, and verified."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from ordercast.services.console.features.read_features import FeaturesPage, read_features
from ordercast.services.console.features.row_words import ROW_WORDS
from ordercast.services.console.features.schemas import FeaturesQuestion, VerifyForm
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import Operator, check_form, console, page
from ordercast.services.console.parts import is_missing, status_of
from ordercast.services.console.predict.choose import MOST_MATCHES
from ordercast.services.console.predict.feature_words import in_words
from ordercast.services.console.predict.read_prediction import REASONS
from ordercast.services.shared.http.requests import in_query

router = APIRouter()


@router.get("/features")
async def show_features(
    request: Request, log_in: Operator, asked: Annotated[FeaturesQuestion, in_query(FeaturesQuestion)]
) -> Response:
    return _page(request, await _read(request, log_in, **asdict(asked)))


@router.post("/features")
async def verify(request: Request, log_in: Operator, form: Annotated[VerifyForm, Form()]) -> Response:
    """The same page with what came out: nothing is changed by it."""
    check_form(request, form.csrf)
    pair = {"account": form.account, "product": form.product}
    return _page(request, await _read(request, log_in, account_search="", product_search="", **pair, verify=True))


async def _read(request: Request, log_in: LogIn, **asked: Any) -> FeaturesPage:
    service = console(request)
    return await read_features(log_in.client, service.probes, service.processes.now(), **asked)


def _page(request: Request, found: FeaturesPage) -> Response:
    status = status_of(found.verified, found.account.missing, found.product.missing, found.known)
    return page(
        request,
        "features.html",
        status,
        found=found,
        missing=is_missing,
        most_matches=MOST_MATCHES,
        reasons=REASONS,
        in_words=in_words,
        row_words=ROW_WORDS,
    )
