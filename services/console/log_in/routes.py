"""Log-in, log-out, theme and language: forms that work without a script."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response

from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.contracts.passwords import MAX_LENGTH
from ordercast.first_line import first_line
from ordercast.services.console.log_in.log_ins import DEADLINE_S, LOG_IN_S
from ordercast.services.console.log_in.schemas import MOST_AFTER, LogInForm, PreferencesForm, SignUpForm
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.pages import (
    CART_COOKIE,
    FORM_COOKIE,
    LANGUAGE_COOKIE,
    LOG_IN_COOKIE,
    SHOP,
    THEME_COOKIE,
    YEAR_S,
    check_form,
    console,
    go_to,
    is_in_shop,
    log_in_of,
    page,
    set_cookie,
    show_log_in,
)
from ordercast.services.console.parts import no_answer_within
from ordercast.services.console.problem_words import Said, said_of
from ordercast.services.console.texts import languages
from ordercast.services.console.words import Words

router = APIRouter()


Failure = tuple[Literal["refused", "problem", "unreachable"], str | Words | Said]


@router.get("/log-in")
@router.get(f"{SHOP}/log-in")
async def ask_to_log_in(request: Request, after: Annotated[str, Query(max_length=MOST_AFTER)] = "") -> Response:
    if log_in_of(request):
        return go_to(after or _first_page(request))
    return show_log_in(request, after=after)


@router.post("/log-in")
@router.post(f"{SHOP}/log-in")
async def log_in(request: Request, form: Annotated[LogInForm, Form()]) -> Response:
    """What was typed stays, but for the password. By a link from elsewhere a browser sends no cookie of ours, so that whoever is
    logged in may see the form."""
    if log_in_of(request):
        return go_to(form.after or _first_page(request))
    check_form(request, form.csrf)
    begun = await _begin(request, form)
    if isinstance(begun, Response):
        return begun
    status, failed = begun
    return show_log_in(
        request,
        status,
        after=form.after,
        email=form.email,
        failed=failed,
        undone=bool(form.typed),
        typed=form.typed,
    )


@router.get(f"{SHOP}/sign-up")
async def show_sign_up(request: Request, after: Annotated[str, Query(max_length=MOST_AFTER)] = "") -> Response:
    if log_in_of(request):
        return go_to(after or SHOP)
    return _sign_up_page(request, SignUpForm(after=after))


@router.post(f"{SHOP}/sign-up")
async def sign_up(request: Request, form: Annotated[SignUpForm, Form()]) -> Response:
    """Makes a customer's account, and logs in with it. What was typed stays, but for the password."""
    if log_in_of(request):
        return go_to(form.after or _first_page(request))
    check_form(request, form.csrf)
    try:
        await console(request).log_ins.sign_up(form.email, form.nickname, form.password)
    except (ClientError, TimeoutError) as error:
        status, failed = _failure(error)
        return _sign_up_page(request, form, status, failed)
    begun = await _begin(request, form)
    if isinstance(begun, Response):
        return begun
    # The account is there: what is left to do is to log in.
    status, failed = begun
    return show_log_in(request, status, after=form.after, email=form.email, failed=failed)


def _sign_up_page(request: Request, form: SignUpForm, status: int = 200, failed: Failure | None = None) -> Response:
    lengths = console(request).password_min_length, MAX_LENGTH
    return page(request, "sign_up.html", status, form=form, failed=failed, password_lengths=lengths)


async def _begin(request: Request, form: LogInForm) -> Response | tuple[int, Failure]:
    """On to the page after the log-in, or why there is none."""
    before = request.cookies.get(LOG_IN_COOKIE)
    try:
        name = await console(request).log_ins.begin(form.email, form.password)
    except (ClientError, TimeoutError) as error:
        return _failure(error)
    await console(request).log_ins.end(before)
    answer = go_to(form.after or _first_page(request))
    set_cookie(request, answer, LOG_IN_COOKIE, name, max_age_s=int(LOG_IN_S))
    answer.delete_cookie(FORM_COOKIE)
    return answer


def _failure(error: ClientError | TimeoutError) -> tuple[int, Failure]:
    if isinstance(error, TimeoutError):
        return 503, ("unreachable", no_answer_within(DEADLINE_S))
    if not isinstance(error, ProblemAnswer):
        return 503, ("unreachable", first_line(error))
    return error.status, ("refused" if error.status in (400, 401, 422) else "problem", said_of(error))


def _first_page(request: Request) -> str:
    return SHOP if is_in_shop(request) else "/"


@router.post("/log-out")
async def log_out(request: Request, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    await console(request).log_ins.end(request.cookies.get(LOG_IN_COOKIE))
    answer = go_to(SHOP if form.after.startswith(SHOP) else "/log-in")
    answer.delete_cookie(LOG_IN_COOKIE)
    answer.delete_cookie(CART_COOKIE)
    return answer


@router.post("/preferences")
async def prefer(request: Request, form: Annotated[PreferencesForm, Form()]) -> Response:
    check_form(request, form.csrf)
    answer = go_to(form.after)
    if form.theme:
        set_cookie(request, answer, THEME_COOKIE, form.theme, max_age_s=YEAR_S)
    if form.language in languages():
        set_cookie(request, answer, LANGUAGE_COOKIE, form.language, max_age_s=YEAR_S)
    return answer
