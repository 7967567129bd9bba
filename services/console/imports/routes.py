"""Hand in a file, see what would come of it, tell what it leaves open, send it, and fetch what was refused."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile

from ordercast.services.console.errors import FileGone, TooManyFiles
from ordercast.services.console.imports.count_words import COUNT_WORDS
from ordercast.services.console.imports.kept_files import MAX_BYTES, MOST_FILES, KeptFile
from ordercast.services.console.imports.look import can_read_files
from ordercast.services.console.imports.schemas import SendForm, ToldForm, fields_of
from ordercast.services.console.imports.told import Told
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.pages import HEADERS, Operator, check_form, console, go_to, page

router = APIRouter()

IMPORT: Final = "/import"
# Of a path of its own: no other form may be as long.
HAND_IN: Final = f"{IMPORT}/files"
# Names of columns that a field suggests: some exports have 80.
MOST_SUGGESTED: Final = 200
# Reasons that are listed apart.
MOST_REASONS: Final = 20
_COPIED_AT_ONCE: Final = 1 << 20
# What a form has beside its file.
_MOST_FORM_FIELDS: Final = 20


@router.get(IMPORT)
async def show_import(request: Request, log_in: Operator) -> Response:
    return _show_start(request, log_in, Told())


@router.post(HAND_IN)
async def hand_in(request: Request, log_in: Operator) -> Response:
    """The body is read of those alone who may operate, and never as a whole into memory."""
    if not can_read_files():
        return _show_start(request, log_in, Told(), failed="not installed", status=503)
    async with request.form(max_files=1, max_fields=_MOST_FORM_FIELDS) as form:
        told = ToldForm.of(form)
        check_form(request, told.csrf)
        handed = form.get("file")
        if not isinstance(handed, UploadFile) or not handed.filename or not handed.size:
            return _show_start(request, log_in, told.told(), failed="no file", status=422)
        try:
            kept = await console(request).files.keep(
                log_in.account.id, handed.filename, _pieces(handed), told.told(), await _name_of(told, handed)
            )
        except TooManyFiles:
            return _show_start(request, log_in, told.told(), failed="too many", status=503)
    return go_to(f"{IMPORT}/{kept.id}")


@router.get(IMPORT + "/{file_id}")
async def show_file(request: Request, log_in: Operator, file_id: str) -> Response:
    return _show(request, "import_file.html", _file(request, log_in, file_id))


@router.get(IMPORT + "/{file_id}/state")
async def show_state(request: Request, log_in: Operator, file_id: str) -> Response:
    """The part of that page that comes again by itself. What is over is shown by the page as a whole, and that it is gone, too."""
    file = console(request).files.find(file_id, log_in.account.id)
    if file is None or not file.is_busy:
        return Response(status_code=204, headers={**HEADERS, "HX-Redirect": f"{IMPORT}/{quote(file_id, safe='')}"})
    return _show(request, "import_state.html", file)


@router.post(IMPORT + "/{file_id}/look")
async def look_again(request: Request, log_in: Operator, file_id: str, form: Annotated[ToldForm, Form()]) -> Response:
    check_form(request, form.csrf)
    file = _file(request, log_in, file_id)
    if not file.is_busy and file.state != "done":
        console(request).files.look(file, form.told())
    return go_to(f"{IMPORT}/{file.id}")


@router.post(IMPORT + "/{file_id}/send")
async def send(request: Request, log_in: Operator, file_id: str, form: Annotated[SendForm, Form()]) -> Response:
    """Twice is once: what is under way or done is not begun again."""
    check_form(request, form.csrf)
    file = _file(request, log_in, file_id)
    if file.can_be_sent:
        console(request).files.send(file, log_in.client, form.on_conflict)
    return go_to(f"{IMPORT}/{file.id}")


@router.post(IMPORT + "/{file_id}/cancel")
async def cancel(request: Request, log_in: Operator, file_id: str, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    file = _file(request, log_in, file_id)
    await console(request).files.cancel(file)
    return go_to(f"{IMPORT}/{file.id}")


@router.post(IMPORT + "/{file_id}/delete")
async def delete(request: Request, log_in: Operator, file_id: str, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    await console(request).files.forget(_file(request, log_in, file_id))
    return go_to(IMPORT)


@router.get(IMPORT + "/{file_id}/rejects.csv")
async def download_rejects(request: Request, log_in: Operator, file_id: str) -> Response:
    file = _file(request, log_in, file_id)
    if file.state != "done":
        raise FileGone
    headers = {name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"}
    return FileResponse(file.rejects, 200, headers, media_type="text/csv; charset=utf-8", filename=file.rejects.name)


def _file(request: Request, log_in: LogIn, file_id: str) -> KeptFile:
    found = console(request).files.find(file_id, log_in.account.id)
    if found is None:
        raise FileGone
    return found


async def _name_of(told: ToldForm, handed: UploadFile) -> str:
    """Of a form with a file, which `sent_forms` does not read. The token names its page: the same file of another page is another
    one."""
    name = sha256(repr((told.csrf, told.told(), handed.filename)).encode())
    async for piece in _pieces(handed):
        name.update(piece)
    await handed.seek(0)
    return name.hexdigest()


async def _pieces(handed: UploadFile) -> AsyncIterator[bytes]:
    while piece := await handed.read(_COPIED_AT_ONCE):
        yield piece


def _show_start(
    request: Request, log_in: LogIn, told: Told, *, failed: str | None = None, status: int = 200
) -> Response:
    return page(
        request,
        "import.html",
        status,
        told=told,
        failed=failed,
        files=console(request).files.of(log_in.account.id),
        installed=can_read_files(),
        max_mb=MAX_BYTES >> 20,
        most_files=MOST_FILES,
    )


def _show(request: Request, template: str, file: KeptFile) -> Response:
    return page(
        request,
        template,
        file=file,
        told=file.told,
        look=file.look,
        fields=fields_of(file.told.subject),
        suggested=file.look.header[:MOST_SUGGESTED],
        most_reasons=MOST_REASONS,
        count_words=COUNT_WORDS,
    )
