"""The console's HTTP side: its pages in the common frame."""

from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ordercast.services.console import errors
from ordercast.services.console.accounts.routes import router as accounts
from ordercast.services.console.api_keys.routes import router as api_keys
from ordercast.services.console.cart.routes import router as cart
from ordercast.services.console.dead_letters.routes import router as dead_letters
from ordercast.services.console.events.routes import router as events
from ordercast.services.console.features.routes import router as features
from ordercast.services.console.flow.routes import router as flow
from ordercast.services.console.forecasts.routes import router as forecasts
from ordercast.services.console.imports.kept_files import MAX_BYTES
from ordercast.services.console.imports.routes import HAND_IN
from ordercast.services.console.imports.routes import router as imports
from ordercast.services.console.journey.routes import router as journey
from ordercast.services.console.log_in.routes import router as log_in
from ordercast.services.console.models.routes import router as models
from ordercast.services.console.orders.routes import router as orders
from ordercast.services.console.overview.routes import router as overview
from ordercast.services.console.own_orders.routes import router as own_orders
from ordercast.services.console.pages import (
    FORM_COOKIE,
    LOG_IN_COOKIE,
    SHOP,
    answer_problem,
    came_from,
    console,
    log_in_of,
    page,
    to_log_in,
    typed_in,
)
from ordercast.services.console.personal_data.routes import router as personal_data
from ordercast.services.console.predict.routes import router as predict
from ordercast.services.console.products.routes import router as products
from ordercast.services.console.sent_forms import SentForms
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.console.shop.routes import router as shop
from ordercast.services.console.static_files import FOLDER, PATH, kept_for
from ordercast.services.console.trainings.routes import router as trainings
from ordercast.services.console.wiring import open_console
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.problem import Problem, field_errors, of_status
from ordercast.services.shared.http.rate_limits import RateLimit
from ordercast.services.shared.http.requests import MAX_NAMED_ERRORS
from ordercast.services.shared.problem_types.every_service import INVALID_REQUEST

# Forms that send a password: how often is limited, each by itself.
_PASSWORDS: Final = {"log-ins": "/log-in", "shop-log-ins": f"{SHOP}/log-in", "sign-ups": f"{SHOP}/sign-up"}
_FORM_BYTES: Final = 65_536
MAX_EDIT_BYTES: Final = 524_288


def console_app(settings: ConsoleSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    app = create_app(
        title="Ordercast console",
        wiring=partial(open_console, settings),
        routers=[
            log_in,
            overview,
            flow,
            journey,
            orders,
            products,
            accounts,
            api_keys,
            personal_data,
            forecasts,
            predict,
            models,
            trainings,
            dead_letters,
            events,
            features,
            shop,
            cart,
            own_orders,
            imports,
        ],
        rate_limits=[
            RateLimit(name, "POST", path, settings.part_of_limit(settings.log_ins_per_minute))
            for name, path in _PASSWORDS.items()
        ],
        # What a form adds to its file; and one of an edited record: what a text takes there is up to three times its length.
        body_limits={HAND_IN: MAX_BYTES + _FORM_BYTES, "/dead-letters": MAX_EDIT_BYTES},
        documented=False,
        has_database=False,
        problem_page=answer_problem,
    )
    # Innermost: a form that comes twice is observed, and counts for the limits, as any other.
    forms = Middleware(SentForms, cookies=(LOG_IN_COOKIE, FORM_COOKIE), who=_who, longest=MAX_EDIT_BYTES)
    app.user_middleware.append(forms)
    app.mount(PATH, _VersionedFiles(directory=FOLDER))
    app.add_exception_handler(errors.LoggedOut, _answer_logged_out)
    app.add_exception_handler(errors.NotForCustomers, _answer_customer)
    app.add_exception_handler(errors.NotForOperators, _answer_operator)
    app.add_exception_handler(errors.FileGone, _answer_gone_file)
    app.add_exception_handler(errors.FormRefused, _answer_refused_form)
    for error in (HTTPException, Problem, RequestValidationError):
        app.add_exception_handler(error, _answer_wrong_request)
    # The frame has a handler of its own for this one.
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, _answer_wrong_request)
    return app


def _who(request: Request) -> str:
    """The log-in, which is to be a good one: names can be made up."""
    return request.cookies[LOG_IN_COOKIE] if log_in_of(request) else ""


# Starlette hands each handler its class of error, and types them all as Exception: hence Any.
async def _answer_logged_out(request: Request, _: Any) -> Response:
    # Whose tokens are good no longer is not logged in here either, or the form would lead back to the page.
    console(request).log_ins.forget(request.cookies.get(LOG_IN_COOKIE))
    return to_log_in(request, await typed_in(request))


async def _answer_customer(request: Request, _: Any) -> Response:
    return page(request, "not_for_customers.html", HTTPStatus.FORBIDDEN)


async def _answer_operator(request: Request, _: Any) -> Response:
    return page(request, "not_for_operators.html", HTTPStatus.FORBIDDEN)


async def _answer_gone_file(request: Request, _: Any) -> Response:
    return page(request, "import_gone.html", HTTPStatus.NOT_FOUND)


async def _answer_refused_form(request: Request, _: Any) -> Response:
    # What another site sends is not shown.
    after = came_from(request)
    typed = await typed_in(request) if after else ()
    return page(request, "refused_form.html", HTTPStatus.FORBIDDEN, came_from=after, typed=typed)


async def _answer_wrong_request(request: Request, error: Any) -> Response:
    typed = await typed_in(request) if isinstance(error, RequestValidationError) else ()
    return answer_problem(request, _problem_of(error), typed)


def _problem_of(error: Problem | HTTPException | RequestValidationError) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return of_status(error.status_code, error.detail, error.headers)
    return Problem(INVALID_REQUEST, errors=field_errors(error.errors()[:MAX_NAMED_ERRORS]))


class _VersionedFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = kept_for(path, scope["query_string"])
        return answer
