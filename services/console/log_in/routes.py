"""Log-in, log-out, theme and language: forms that work without a script."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.first_line import first_line
from ordercast.services.console.log_in.log_ins import LOG_IN_S
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.log_in.schemas import LogInForm, PreferencesForm
from ordercast.services.console.pages import (
    FORM_COOKIE,
    LANGUAGE_COOKIE,
    LOG_IN_COOKIE,
    THEME_COOKIE,
    YEAR_S,
    check_form,
    console,
    go_to,
    log_in_of,
    page,
    set_cookie,
)
from ordercast.services.console.texts import languages

router = APIRouter()


@router.get("/log-in")
async def show_log_in(request: Request, after: Annotated[str, Query(max_length=1_024)] = "/") -> Response:
    if log_in_of(request):
        return go_to(after)
    return page(request, "log_in.html", after=after, email="", failed=None)


@router.post("/log-in")
async def log_in(request: Request, form: Annotated[LogInForm, Form()]) -> Response:
    """What was typed stays, but for the password."""
    check_form(request, form.csrf)
    before = request.cookies.get(LOG_IN_COOKIE)
    try:
        name = await console(request).log_ins.begin(form.email, form.password)
    except ProblemAnswer as problem:
        failed = ("refused" if problem.status in (400, 401, 422) else "problem", str(problem))
        return page(request, "log_in.html", problem.status, after=form.after, email=form.email, failed=failed)
    except ClientError as error:
        failed = ("unreachable", first_line(error))
        return page(request, "log_in.html", 503, after=form.after, email=form.email, failed=failed)
    await console(request).log_ins.end(before)
    answer = go_to(form.after)
    set_cookie(request, answer, LOG_IN_COOKIE, name, max_age_s=int(LOG_IN_S))
    answer.delete_cookie(FORM_COOKIE)
    return answer


@router.post("/log-out")
async def log_out(request: Request, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    await console(request).log_ins.end(request.cookies.get(LOG_IN_COOKIE))
    answer = go_to("/log-in")
    answer.delete_cookie(LOG_IN_COOKIE)
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
