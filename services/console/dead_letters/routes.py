"""Refused records in a table; each with its difference to the contract, edited, tried, sent again or discarded after asking."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from ordercast.client.dead_letter_answers import Outcome
from ordercast.services.console.dead_letters.edit_letter import Typed
from ordercast.services.console.dead_letters.read_letters import (
    MOST_EDITED,
    Act,
    OneDeadLetter,
    Tried,
    done_with,
    read_letter,
    read_letters,
    try_act,
    try_letter,
)
from ordercast.services.console.dead_letters.schemas import (
    ActForm,
    DeadLettersQuestion,
    EditForm,
    Id,
    PathId,
)
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import Operator, check_form, console, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing, status_of
from ordercast.services.shared.http.requests import in_query

router = APIRouter()


@router.get("/dead-letters")
async def show_letters(
    request: Request, log_in: Operator, asked: Annotated[DeadLettersQuestion, in_query(DeadLettersQuestion)]
) -> Response:
    found = await read_letters(log_in.client, asked.api_state, asked.starting_after)
    return page(request, "dead_letters.html", status_of(found.page), found=found, asked=asked, missing=is_missing)


@router.get("/dead-letters/ask")
async def ask_about_one(
    request: Request, log_in: Operator, one: Annotated[Id, Query()], act: Annotated[Act, Query()] = "replay"
) -> Response:
    return await _ask_about(request, log_in, act, [one])


@router.post("/dead-letters/ask")
async def ask_about(request: Request, log_in: Operator, form: Annotated[ActForm, Form()]) -> Response:
    """What would be done with which, before anything is."""
    check_form(request, form.csrf)
    return await _ask_about(request, log_in, form.act, form.ids)


@router.post("/dead-letters/do")
async def do(request: Request, log_in: Operator, form: Annotated[ActForm, Form()]) -> Response:
    check_form(request, form.csrf)
    api = log_in.client.dead_letters
    act = api.replay(form.ids) if form.act == "replay" else api.discard(form.ids)
    done = await ask("order_api", act, within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_about(request, log_in, form.act, form.ids, done)
    return _done(request, form.act, done)


@router.get("/dead-letters/{dead_letter_id}")
async def show_letter(request: Request, log_in: Operator, dead_letter_id: PathId) -> Response:
    return _one(request, dead_letter_id, await read_letter(log_in.client, dead_letter_id))


@router.post("/dead-letters/{dead_letter_id}")
async def edit_letter(
    request: Request, log_in: Operator, dead_letter_id: PathId, form: Annotated[EditForm, Form()]
) -> Response:
    """A dry run, or the question after one, or the replay. What was typed stays."""
    check_form(request, form.csrf)
    typed = Typed.as_sent(form.body, form.headers)
    found = await try_letter(log_in.client, dead_letter_id, typed, form.step)
    if isinstance(found, OneDeadLetter) and found.sent:
        return _done(request, "replay", done_with(dead_letter_id), edited=True)
    return _one(request, dead_letter_id, found, asks=form.step == "ask")


def _one(request: Request, dead_letter_id: str, found: OneDeadLetter | Missing, *, asks: bool = False) -> Response:
    failed = found if isinstance(found, Missing) else found.failed
    asks = asks and not isinstance(found, Missing) and found.is_taken
    return page(
        request,
        "dead_letter_ask.html" if asks else "dead_letter.html",
        failed.status if failed else 200,
        found=found,
        letter_id=dead_letter_id,
        missing=is_missing,
        most_edited=MOST_EDITED,
    )


async def _ask_about(
    request: Request, log_in: LogIn, act: Act, ids: list[str], failed: Missing | None = None
) -> Response:
    """With what a dry run says."""
    tried = await try_act(log_in.client, act, ids, failed) if ids else Tried(Outcome([], []), failed)
    return page(
        request,
        "dead_letters_ask.html",
        tried.status if ids else 422,
        act=act,
        ids=ids,
        tried=tried,
        missing=is_missing,
    )


def _done(request: Request, act: Act, done: Outcome, *, edited: bool = False) -> Response:
    console(request).letters.forget()
    return page(request, "dead_letters_done.html", act=act, done=done, edited=edited, as_of=datetime.now(UTC))
