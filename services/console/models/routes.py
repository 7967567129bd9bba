"""The versions in a table, one of them, two side by side; another one is served, pinned or unpinned after asking."""

import asyncio
import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.loss_curves import HEIGHT, WIDTH
from ordercast.services.console.models import over_time
from ordercast.services.console.models.read_model import read_comparison, read_model
from ordercast.services.console.models.read_models import MOST, read_live, read_models
from ordercast.services.console.models.schemas import AfterVersion, CompareQuestion, Recipe, UnpinForm, Version
from ordercast.services.console.models.served import read_served
from ordercast.services.console.pages import HEADERS, Operator, check_form, console, go_to, language_of, page, render
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing, status_of
from ordercast.services.shared.http.requests import in_query

router = APIRouter()

# The one thing in a card that is not text and shapes; it is known by its hash, as in the policy that the predictor gives it.
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


@router.get("/models")
async def show_models(request: Request, log_in: Operator, starting_after: AfterVersion = None) -> Response:
    found, served = await asyncio.gather(
        read_models(log_in.client, starting_after), read_served(console(request).predictors())
    )
    as_of = datetime.now(UTC)
    live = await read_live(log_in.client, found)
    shown = {"found": found, "served": served, "as_of": as_of, "live": live, "missing": is_missing, "most": MOST}
    return page(request, "models.html", status_of(found), picture=over_time, **shown)


@router.get("/models/compare")
async def show_comparison(
    request: Request, log_in: Operator, asked: Annotated[CompareQuestion, in_query(CompareQuestion)]
) -> Response:
    found = await read_comparison(log_in.client, asked.first, asked.second)
    status = found.status if isinstance(found, Missing) else 200
    fields = [] if isinstance(found, Missing) else found.fields
    sections = [(name, list(own)) for name, own in groupby(fields, key=lambda field: field.section)]
    shown = {"found": found, "sections": sections, "asked": asked, "missing": is_missing, "as_of": datetime.now(UTC)}
    return page(request, "models_compare.html", status, **shown)


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


@router.get("/models/{version}")
async def show_model(request: Request, log_in: Operator, version: Version) -> Response:
    found = await read_model(log_in.client, version)
    status = found.status if isinstance(found, Missing) else 200
    shown = {"found": found, "version": version, "missing": is_missing, "size": (WIDTH, HEIGHT)}
    return page(request, "model.html", status, **shown)


@router.get("/models/{version}/card")
async def show_card(request: Request, log_in: Operator, version: Version) -> Response:
    """The predictor's own page, as whoever is logged in may see it, with a way back: it loads nothing, and nothing runs in it."""
    asked = log_in.client.predictor.card(version, language_of(request))
    card = await ask("predictor", asked, within_s=ACTION_DEADLINE_S)
    if isinstance(card, Missing):
        return page(request, "model_card_missing.html", card.status, card=card, version=version)
    styles = "".join(f" 'sha256-{b64encode(sha256(style).digest()).decode()}'" for style in _STYLE.findall(card))
    policy = f"default-src 'none'; style-src{styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    above = render(request, "model_card_above.html", csrf="", version=version).encode()
    return HTMLResponse(
        card.replace(b"<main>", above + b"<main>", 1), headers={**HEADERS, "Content-Security-Policy": policy}
    )


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
