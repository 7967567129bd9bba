"""/docs: Swagger UI with its assets from an installed package, so that the page works without a network."""

from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

DOCS_PATH: Final = "/docs"
_ASSETS_PATH: Final = "/docs/assets"
# Swagger UI takes every media type with "json" in its name for JSON, and would show and send lines of NDJSON as one quoted string.
_NDJSON_AS_IT_IS: Final = """plugins: [() => ({afterLoad({fn}) {
        const sample = fn.getSampleSchema;
        this.fn.getSampleSchema = (schema, type, ...more) => sample(schema, type.replace("x-ndjson", "plain"), ...more);
    }})],
    """
_START: Final = "SwaggerUIBundle({"


def add_docs(app: FastAPI) -> None:
    """Adds /docs to an app that was made with `docs_url=None`."""

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "").rstrip("/")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{_ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_ASSETS_PATH}/favicon-32x32.png",
        )
        return HTMLResponse(bytes(page.body).decode().replace(_START, _START + _NDJSON_AS_IT_IS, 1))

    app.mount(_ASSETS_PATH, StaticFiles(directory=str(files("fastapi_swagger.resources"))))
    app.add_route(DOCS_PATH, docs, include_in_schema=False)
