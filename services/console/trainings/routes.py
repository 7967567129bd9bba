"""The trainings in a table, which comes again while one runs; a form starts one, and one is cancelled after asking. One by itself,
with its losses as they come."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from ordercast.client.training_answers import FINISHED
from ordercast.services.console.event_stream import PageStream
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.loss_curves import HEIGHT, WIDTH
from ordercast.services.console.pages import Operator, check_form, console, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing, status_of
from ordercast.services.console.trainings.follow_training import follow_training, read_training
from ordercast.services.console.trainings.read_trainings import read_trainings, read_trainings_and_recipes
from ordercast.services.console.trainings.schemas import AfterTraining, TrainingForm

router = APIRouter()

# Time (s) after which the table comes again: while a training runs, and else.
RUNNING_S: Final = 2
IDLE_S: Final = 15


@router.get("/trainings")
async def show_trainings(request: Request, log_in: Operator, starting_after: AfterTraining = None) -> Response:
    return await _show(request, log_in, TrainingForm(), after=starting_after)


@router.get("/trainings/table")
async def show_table(request: Request, log_in: Operator, starting_after: AfterTraining = None) -> Response:
    found = await read_trainings(log_in.client, starting_after)
    return page(
        request,
        "trainings_table.html",
        found=found,
        missing=is_missing,
        refreshed_s=RUNNING_S if found.any_runs else IDLE_S,
    )


@router.post("/trainings")
async def start(request: Request, log_in: Operator, form: Annotated[TrainingForm, Form()]) -> Response:
    """What was typed stays if the trainer refuses it."""
    check_form(request, form.csrf)
    started = await ask(
        "trainer", log_in.client.trainer.start(form.recipe, **form.changes()), within_s=ACTION_DEADLINE_S
    )
    return await _show(request, log_in, form, started) if isinstance(started, Missing) else go_to("/trainings")


@router.get("/trainings/{training_id}")
async def show_training(request: Request, log_in: Operator, training_id: UUID) -> Response:
    found = await read_training(log_in.client, training_id)
    status = found.status if isinstance(found, Missing) else 200
    return page(request, "training.html", status, found=found, **_shown_of(training_id))


@router.get("/trainings/{training_id}/stream")
async def stream_training(request: Request, log_in: Operator, training_id: UUID) -> Response:
    moments = _moments(request, log_in, training_id)
    return PageStream(request, log_in, "training_now.html", moments, console(request).streams)


async def _moments(request: Request, log_in: LogIn, training_id: UUID) -> AsyncGenerator[Mapping[str, Any], None]:
    stopping = request.app.state.stopping
    async with aclosing(follow_training(log_in.client, training_id, stopping)) as moments:
        async for moment in moments:
            yield {**moment, **_shown_of(training_id)}


def _shown_of(training_id: UUID) -> dict[str, Any]:
    return {"training_id": training_id, "missing": is_missing, "size": (WIDTH, HEIGHT)}


@router.get("/trainings/{training_id}/cancel")
async def ask_to_cancel(request: Request, log_in: Operator, training_id: UUID) -> Response:
    return await _ask_to_cancel(request, log_in, training_id)


@router.post("/trainings/{training_id}/cancel")
async def cancel(request: Request, log_in: Operator, training_id: UUID, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    done = await ask("trainer", log_in.client.trainer.cancel(training_id), within_s=ACTION_DEADLINE_S)
    return (
        await _ask_to_cancel(request, log_in, training_id, done) if isinstance(done, Missing) else go_to("/trainings")
    )


async def _show(
    request: Request,
    log_in: LogIn,
    form: TrainingForm,
    failed: Missing | None = None,
    after: UUID | None = None,
) -> Response:
    found, recipes = await read_trainings_and_recipes(log_in.client, after)
    return page(
        request,
        "trainings.html",
        status_of(failed, found.rows),
        found=found,
        recipes=recipes,
        form=form,
        failed=failed,
        missing=is_missing,
        refreshed_s=RUNNING_S if found.any_runs else IDLE_S,
    )


async def _ask_to_cancel(request: Request, log_in: LogIn, training_id: UUID, failed: Missing | None = None) -> Response:
    training = await ask("trainer", log_in.client.trainer.get(training_id))
    status = failed.status if failed else training.status if isinstance(training, Missing) else 200
    return page(
        request,
        "training_cancel.html",
        status,
        training=training,
        is_over=not isinstance(training, Missing) and training.status in FINISHED,
        training_id=training_id,
        failed=failed,
        missing=is_missing,
    )
