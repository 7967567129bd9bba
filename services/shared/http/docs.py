"""/docs: Swagger UI with its assets from an installed package, so that it works without a network, and may load nothing else."""

import base64
import hashlib
import re
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
# Swagger UI would show a picture that its makers' server draws, which then knows who reads which API.
_NO_BADGE: Final = {"validatorUrl": None}
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Styles are Swagger UI's own attributes, of which no list can be made; its pictures are part of its styles.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


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
            swagger_ui_parameters=_NO_BADGE,
        )
        html = bytes(page.body).decode().replace(_START, _START + _NDJSON_AS_IT_IS, 1)
        return HTMLResponse(html, headers={"Content-Security-Policy": policy_of(html)})

    app.mount(_ASSETS_PATH, StaticFiles(directory=str(files("fastapi_swagger.resources"))))
    app.add_route(DOCS_PATH, docs, include_in_schema=False)


def policy_of(html: str) -> str:
    """What the page may load: from here alone, and of scripts in it those that it was made with."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(html)]
    return _POLICY.format(scripts=" ".join(f"'sha256-{script}'" for script in hashes))
