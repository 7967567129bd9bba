"""The versions in a table; another one is served, pinned or unpinned after asking."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.models.read_models import MOST, read_models
from ordercast.services.console.models.schemas import Recipe, UnpinForm, Version
from ordercast.services.console.pages import Operator, check_form, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing

router = APIRouter()


@router.get("/models")
async def show_models(request: Request, log_in: Operator) -> Response:
    return page(request, "models.html", found=await read_models(log_in.client), missing=is_missing, most=MOST)


@router.get("/models/pin/remove")
async def ask_to_unpin(request: Request, log_in: Operator, recipe: Recipe) -> Response:
    return await _ask_to_unpin(request, log_in, recipe)


@router.post("/models/pin/remove")
async def unpin(request: Request, log_in: Operator, form: Annotated[UnpinForm, Form()]) -> Response:
    check_form(request, form.csrf)
    done = await ask("predictor", log_in.client.predictor.unpin(form.recipe), within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_to_unpin(request, log_in, form.recipe, done)
    return go_to(f"/models#{done.version}" if done.version else "/models")


@router.get("/models/{version}/serve")
async def ask_to_serve(request: Request, log_in: Operator, version: Version) -> Response:
    return await _ask_to_serve(request, log_in, version)


@router.post("/models/{version}/serve")
async def serve(request: Request, log_in: Operator, version: Version, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    done = await ask("predictor", log_in.client.predictor.activate(version), within_s=ACTION_DEADLINE_S)
    return (
        await _ask_to_serve(request, log_in, version, done)
        if isinstance(done, Missing)
        else go_to(f"/models#{version}")
    )


async def _ask_to_serve(request: Request, log_in: LogIn, version: str, failed: Missing | None = None) -> Response:
    model = await ask("predictor", log_in.client.predictor.model(version))
    status = failed.status if failed else model.status if isinstance(model, Missing) else 200
    return page(request, "model_serve.html", status, model=model, version=version, failed=failed, missing=is_missing)


async def _ask_to_unpin(request: Request, log_in: LogIn, recipe: str, failed: Missing | None = None) -> Response:
    current = await ask("predictor", log_in.client.predictor.current_model(recipe))
    status = failed.status if failed else current.status if isinstance(current, Missing) else 200
    return page(request, "model_unpin.html", status, current=current, recipe=recipe, failed=failed, missing=is_missing)
