"""Pages as answers: rendered in the reader's language, under a policy that lets nothing in but the console's own files."""

import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

import structlog
from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from ordercast.services.console.cart.cart import Cart
from ordercast.services.console.errors import FormRefused, LoggedOut, NotForCustomers, NotForOperators
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.look_again import look_if_due
from ordercast.services.console.log_in.schemas import MOST_AFTER, MOST_FIELDS
from ordercast.services.console.row_cards import as_row_cards
from ordercast.services.console.texts import preferred
from ordercast.services.console.wiring import Console
from ordercast.services.shared.http.problem import Problem

log = structlog.stdlib.get_logger()

LOG_IN_COOKIE: Final = "ordercast_console"
# Of whoever is not logged in: what their forms are compared with.
FORM_COOKIE: Final = "ordercast_console_form"
THEME_COOKIE: Final = "ordercast_console_theme"
LANGUAGE_COOKIE: Final = "ordercast_console_language"
CART_COOKIE: Final = "ordercast_console_cart"
# Of what is not ordered (s).
CART_S: Final = 30 * 86_400
SHOP: Final = "/shop"
THEMES: Final = ("auto", "light", "dark")
YEAR_S: Final = 365 * 86_400
# A page of another site may neither show one of ours nor send a form here.
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_FORM_BYTES: Final = 32
_FORM_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE_BYTES: Final = 8
_FORM: Final = "application/x-www-form-urlencoded"
# What a form brings by itself, and what is shown to nobody. The `key` of a filter was typed: that of an event.
_NOT_TYPED: Final = frozenset(
    {"csrf", "after", "key", "known", "before", "password", "review", "show", "typed_name", "typed_value"}
)
_NOT_TYPED_IN_FILTERS: Final = _NOT_TYPED - {"key"}
# Bytes, as a form sends them, of what was typed that the form to log in brings along, below what a form may have: a review fits.
_MOST_CARRIED: Final = 54_000
FOR_MACHINES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def console(request: Request) -> Console:
    service: Console = request.app.state.service
    return service


def log_in_of(request: Request) -> LogIn | None:
    return console(request).log_ins.find(request.cookies.get(LOG_IN_COOKIE))


async def operator(request: Request) -> LogIn:
    """A dependency of the pages for operators and admins.

    Raises:
        LoggedOut, NotForCustomers
    """
    found = log_in_of(request)
    if found is None:
        raise LoggedOut
    await look_if_due(found)
    if not found.may_operate:
        raise NotForCustomers
    return found


async def customer(request: Request) -> LogIn:
    """A dependency of the shop's pages for whoever has an account, of any role.

    Raises:
        LoggedOut
    """
    found = log_in_of(request)
    if found is None:
        raise LoggedOut
    return found


def is_in_shop(request: Request) -> bool:
    return request.url.path == SHOP or request.url.path.startswith(f"{SHOP}/")


def cart_of(request: Request) -> Cart:
    return Cart.read(request.cookies.get(CART_COOKIE))


def keep_cart(request: Request, answer: Response, cart: Cart) -> Response:
    set_cookie(request, answer, CART_COOKIE, cart.text(), max_age_s=CART_S)
    return answer


async def admin(request: Request) -> LogIn:
    """A dependency of what admins alone do.

    Raises:
        LoggedOut, NotForCustomers, NotForOperators
    """
    found = await operator(request)
    if not found.is_admin:
        raise NotForOperators
    return found


# Whoever asks, as a parameter of a route: it is not run for anybody else.
Customer = Annotated[LogIn, Depends(customer)]
Operator = Annotated[LogIn, Depends(operator)]
Admin = Annotated[LogIn, Depends(admin)]


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template with its values, and what every page has: who is logged in, theme, and what its forms have to bring."""
    log_in = log_in_of(request)
    known = _form_of(request)
    form = known or secrets.token_urlsafe(_FORM_BYTES)
    # With a name of this page, by which a form that is sent twice is known.
    csrf = f"{log_in.csrf if log_in else form}.{secrets.token_urlsafe(_PAGE_BYTES)}"
    text = render(request, template, csrf=csrf, **values)
    answer = HTMLResponse(text, status, HEADERS)
    if log_in is None and not known:
        set_cookie(request, answer, FORM_COOKIE, form)
    return answer


def language_of(request: Request) -> str:
    """In which whoever asks reads."""
    return preferred(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


def render(request: Request, template: str, *, csrf: str, **values: Any) -> str:
    """The same as text."""
    language = language_of(request)
    theme = request.cookies.get(THEME_COOKIE, THEMES[0])
    query = f"?{request.url.query}" if request.url.query else ""
    in_shop = is_in_shop(request)
    shared = {
        "log_in": log_in_of(request),
        "csrf": csrf,
        "theme": theme if theme in THEMES else THEMES[0],
        "themes": THEMES,
        "path": request.url.path,
        "here": request.url.path + query
        if request.method == "GET"
        else came_from(request) or (SHOP if in_shop else "/"),
        "in_shop": in_shop,
        "cart": cart_of(request) if in_shop else None,
    }
    return as_row_cards(console(request).environments[language].get_template(template).render(shared | values))


def came_from(request: Request) -> str:
    """The page of this console with what was sent; empty where the browser does not say, or it is another's."""
    try:
        page_before = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # no address, such as http://[
        return ""
    if page_before.netloc != request.url.netloc or page_before.path.startswith("//"):
        return ""
    return page_before.path + (f"?{page_before.query}" if page_before.query else "")


async def typed_in(request: Request) -> list[tuple[str, str]]:
    """What somebody typed, shown where it cannot be done so that it is not lost: each field that is not empty, of a form without a
    file, or of a filter."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    not_typed = _NOT_TYPED
    if request.method in ("GET", "HEAD"):
        sent, not_typed = request.query_params.multi_items(), _NOT_TYPED_IN_FILTERS
    elif kind == _FORM:
        # Read before by what handles the request: it is remembered there.
        sent = [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]
    else:
        sent = []
    return [(name, value) for name, value in sent if value.strip() and name not in not_typed]


def answer_problem(request: Request, problem: Problem, typed: Sequence[tuple[str, str]] = ()) -> Response:
    """What is wrong, as a page, with what was `typed`; machines get it as everywhere. A part that is asked for alone stays as it
    was, with its "as of"."""
    if request.url.path in FOR_MACHINES:
        return problem.response()
    answer = problem.response()
    try:
        changes = request.method not in ("GET", "HEAD")
        shown = page(
            request,
            "problem.html",
            problem.type.status,
            problem=problem,
            changes=changes,
            typed=typed,
            came_from=came_from(request),
        )
    except Exception:
        # The page itself may be what failed.
        log.exception("a page about a problem cannot be shown", path=request.url.path)
        return answer
    for name, value in answer.headers.items():
        shown.headers.setdefault(name, value)
    if request.headers.get("hx-request") == "true":
        shown.headers["HX-Reswap"] = "none"
    return shown


def _form_of(request: Request) -> str:
    """What the forms of whoever is not logged in are compared with; empty where the browser has none, or none of ours: it gets
    another one."""
    found = request.cookies.get(FORM_COOKIE, "")
    return found if _FORM_TEXT.fullmatch(found) else ""


def check_form(request: Request, csrf: str) -> None:
    """Whether a form is one of this browser's own pages.

    Raises:
        FormRefused: it is not.
    """
    log_in = log_in_of(request)
    wanted = log_in.csrf if log_in else _form_of(request)
    token, _, _of_page = csrf.partition(".")
    if not wanted or not hmac.compare_digest(wanted.encode(), token.encode()):
        raise FormRefused


def set_cookie(request: Request, answer: Response, name: str, value: str, *, max_age_s: int | None = None) -> None:
    answer.set_cookie(
        name, value, max_age=max_age_s, httponly=True, samesite="strict", secure=console(request).secure_cookies
    )


def go_to(path: str) -> Response:
    """On to a page of this console, after a form: anything else leads to the first page."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return RedirectResponse(path if is_ours else "/", 303, HEADERS)


def to_log_in(request: Request, typed: Sequence[tuple[str, str]] = ()) -> Response:
    """A part of a page that is asked for alone has the whole page go there. Whoever sent a form from a page of ours is shown what
    was `typed`: it was not done."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={**HEADERS, "HX-Redirect": "/log-in"})
    form = f"{SHOP}/log-in" if is_in_shop(request) else "/log-in"
    if request.method == "GET":
        here = _short_enough(request.url.path, request.url.query)
        return RedirectResponse(form if here == "/" else f"{form}?after={quote(here, safe='')}", 303, HEADERS)
    # A form cannot be sent again by a link to where it was sent to.
    if after := came_from(request):
        path, _, query = after.partition("?")
        return show_log_in(request, 403, after=_short_enough(path, query), undone=True, typed=typed)
    return RedirectResponse(form, 303, HEADERS)


def _short_enough(path: str, query: str) -> str:
    """A page to go to after the log-in; without its question where both are longer than the form takes."""
    whole = f"{path}?{query}" if query else path
    return next((here for here in (whole, path) if len(here) <= MOST_AFTER), "/")


def show_log_in(
    request: Request,
    status: int = 200,
    *,
    after: str,
    email: str = "",
    failed: object = None,
    undone: bool = False,
    typed: Sequence[tuple[str, str]] = (),
) -> Response:
    """The form to log in. `undone`: another one that was sent was not done. What was `typed` into that is shown above this one, and
    comes with it: a password that is mistyped loses nothing."""
    bytes_sent = sum(len(quote(name + value, safe="")) for name, value in typed)
    carried = typed if len(typed) <= MOST_FIELDS and bytes_sent <= _MOST_CARRIED else ()
    shown = {"after": after, "email": email, "failed": failed, "undone": undone, "typed": typed, "carried": carried}
    return page(request, "log_in.html", status, **shown)
