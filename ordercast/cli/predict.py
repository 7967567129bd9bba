"""`ordercast predict`: quantities from view counts, or for accounts and products."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.client import open_client
from ordercast.client.answers import Prediction, Predictions
from ordercast.client.errors import ProblemAnswer
from ordercast.client.order_api import OrderApi
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

# A predictor that has just started loads within a second. Longer (s) there is no model at all, and waiting would look like hanging.
RETRY_FOR_S: Final = 3.0
NOT_FOUND: Final = 404


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def predict(
    context: Context,
    view_counts: Annotated[
        list[int] | None, typer.Argument(min=0, help="Numbers of views.", show_default=False)
    ] = None,
    pairs: Annotated[
        list[str] | None, typer.Option("--pair", help="ACCOUNT_ID/PRODUCT_ID; may be given often.", show_default=False)
    ] = None,
) -> None:
    """Predict the quantity that goes with view counts, or that accounts will order of products."""
    if bool(view_counts) == bool(pairs):
        raise CommandFailed("say what to predict", hint="either view counts (predict 1000 5000) or --pair 2/7")
    answer = await (_of_views(context, view_counts) if view_counts else _of_pairs(context, pairs or ()))
    context.result(answer, table(answer))


async def _of_views(context: Context, view_counts: list[int]) -> Predictions:
    """They tell nothing of any account, so nobody has to be an admin for them."""
    async with open_client(context.target().addresses, retry_for_s=RETRY_FOR_S) as anonymous:
        return await anonymous.predictor.predict_views(view_counts)


async def _of_pairs(context: Context, texts: Sequence[str]) -> Predictions:
    pairs = [_pair(text) for text in texts]
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        answer = await access.admin.predictor.predict_pairs(pairs)
        without = [pair for pair, prediction in zip(pairs, answer.data, strict=True) if not prediction.has_features]
        await _expect_existing(access.admin.order_api, without)
    return answer


async def _expect_existing(shop: OrderApi, pairs: Iterable[tuple[int, int]]) -> None:
    """The predictor answers for any numbers; a mistyped one must not look like an account without views."""
    for account, product in pairs:
        for kind, find, number in (("account", shop.account, account), ("product", shop.product, product)):
            try:
                await find(number)
            except ProblemAnswer as problem:
                if problem.status != NOT_FOUND:
                    raise
                raise CommandFailed(f"there is no {kind} {number}") from problem


def table(answer: Predictions) -> Group:
    """What the model is worth, and the predictions, a line each."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("account", "product", "views", "quantity", "spread"):
        shown.add_column(heading, justify="right")
    for prediction in answer.data:
        shown.add_row(*_cells(prediction))
    return Group(Text(_title(answer)), shown)


def _title(answer: Predictions) -> str:
    """The version and what it is worth, which all answers of one request share."""
    worth = answer.data[0]
    told = [f"model {answer.model_version}", *([worth.quality] if worth.quality else [])]
    if worth.collapsed_members:
        told.append(f"{worth.collapsed_members} of {len(worth.members)} networks answer one constant")
    return ", ".join(told)


def _cells(prediction: Prediction) -> tuple[str, ...]:
    known = "" if prediction.has_features is not False else " (no views or orders yet)"
    return (
        str(prediction.account_id or ""),
        str(prediction.product_id or ""),
        f"{prediction.view_count:,}{known}",
        f"{prediction.quantity:.3f}",
        f"{prediction.spread:.3f}",
    )


def _pair(text: str) -> tuple[int, int]:
    account, slash, product = text.partition("/")
    if not (slash and account.isdecimal() and product.isdecimal()):
        raise CommandFailed(f"{text!r} is no pair", hint="a pair is ACCOUNT_ID/PRODUCT_ID, such as 2/7")
    return int(account), int(product)
