"""GET /asyncapi and /asyncapi.json: what the topics hold, for people and for programs."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from ordercast.services.shared.event_contract.asyncapi import asyncapi_document
from ordercast.services.shared.event_contract.page import asyncapi_page
from ordercast.services.shared.http.docs import policy_of

router = APIRouter(tags=["events"])
PATH = "/asyncapi"

_document = cache(asyncapi_document)


@router.get(f"{PATH}.json", response_model=dict[str, Any])
async def document() -> JSONResponse:
    """The AsyncAPI 3.0 document of the topics: events, keys, headers, partitions, who writes and who reads."""
    return JSONResponse(_document())


@router.get(PATH, response_class=HTMLResponse)
async def page(request: Request) -> HTMLResponse:
    """The same as a page to read, which loads nothing."""
    root = request.scope.get("root_path", "").rstrip("/")
    html = asyncapi_page(_document(), f"{root}{PATH}.json")
    return HTMLResponse(html, headers={"Content-Security-Policy": policy_of(html)})
