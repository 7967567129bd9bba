"""GET /problems/{slug}: what a problem's `type` leads to.

Every service has the pages of all: behind an ingress the address leads to one of them, whichever answered with the problem.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ordercast.services.shared.http.accept import preferred
from ordercast.services.shared.http.docs import policy_of
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.problem_types.catalogue import CATALOGUE
from ordercast.services.shared.problem_types.every_service import NOT_FOUND
from ordercast.services.shared.problem_types.pages import as_html, as_json, as_markdown
from ordercast.services.shared.problem_types.problem_type import PAGES

router = APIRouter(tags=["problems"])

_HTML: Final = "text/html"
_MARKDOWN: Final = "text/markdown"
_JSON: Final = "application/json"
# Which one it is goes by the request's header.
_HEADERS: Final = {"Vary": "Accept"}


@router.get(
    f"{PAGES}/{{slug}}",
    response_class=Response,
    responses={200: {"content": {media: {"schema": {}} for media in (_HTML, _MARKDOWN, _JSON)}}},
)
@raises(NOT_FOUND)
async def page(
    slug: Annotated[str, Path(max_length=100, description="the last part of a problem's `type`")],
    request: Request,
) -> Response:
    """What happened when an answer has this problem's `type`, and what to do; the page loads nothing."""
    kind = CATALOGUE.get(slug)
    if kind is None:
        raise Problem(NOT_FOUND, "there is no such type of problem")
    media = preferred(", ".join(request.headers.getlist("accept")), (_HTML, _MARKDOWN, _JSON))
    if media == _JSON:
        return JSONResponse(as_json(kind), headers=_HEADERS)
    if media == _MARKDOWN:
        return Response(as_markdown(kind), media_type=_MARKDOWN, headers=_HEADERS)
    html = as_html(kind)
    return HTMLResponse(html, headers={**_HEADERS, "Content-Security-Policy": policy_of(html)})
