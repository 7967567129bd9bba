"""`ordercast predict`: what accounts will order of products, products by week, or quantities from view counts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Final, Literal

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ordercast.cli.forecast_table import RETRY_FOR_S, Asked, AsOf, of_products
from ordercast.cli.forecast_table import table as forecast_table
from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.cli.predict_demand import account_table, pairs_as_json, pairs_table
from ordercast.client import Client, open_client
from ordercast.client.demand_answers import PairDemand
from ordercast.client.errors import ProblemAnswer
from ordercast.client.model_answers import Prediction, Predictions
from ordercast.client.order_api import OrderApi
from ordercast.client.predictor import PredictorApi
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

NOT_FOUND: Final = 404
# Probability that the stock of a product is enough; `ordercast forecast` takes another one.
STOCK_LEVEL: Final = 0.95
# Products of an account, weeks of a product, and the probability of an interval, as the predictor has them, too.
LIMIT: Final = 20
WEEKS: Final = 4
LEVEL: Final = 0.9

# What may be said beside what is asked for.
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "views": (),
    "--pair": ("--recipe", "--level", "--as-of"),
    "--account": ("--level", "--as-of"),
    "--product": ("--weeks", "--level", "--as-of"),
}

RecipeName = Literal["baseline", "demand"]


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
    account: Annotated[
        int | None,
        typer.Option(min=1, help="The products that this account will most probably order.", show_default=False),
    ] = None,
    products: Annotated[
        list[str] | None,
        typer.Option("--product", metavar="SKU", help="This product by week; may be given often.", show_default=False),
    ] = None,
    recipe: Annotated[
        RecipeName | None,
        typer.Option(help="Of pairs: who answers; demand if a version of it is served.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Products of an account.", show_default=str(LIMIT)),
    ] = None,
    weeks: Annotated[
        int | None, typer.Option(min=1, max=8, help="Weeks ahead of a product.", show_default=str(WEEKS))
    ] = None,
    level: Annotated[float | None, typer.Option(help="Probability of the interval.", show_default=str(LEVEL))] = None,
    as_of: AsOf = None,
) -> None:
    """Predict what accounts will order of products, a product's weeks, or the quantity that goes with view counts.

    A pair is answered with a probability, the pieces to expect, an interval and the three features that move it most, if a version
    of the recipe demand is served (ordercast train --recipe demand); else from its views. A history that ended long ago is asked
    with --as-of.
    """
    if sum(bool(asked) for asked in (view_counts, pairs, account, products)) != 1:
        raise CommandFailed(
            "say what to predict",
            hint="view counts (predict 1000 5000), --pair 2/7, --account 2 or --product SKU: one of these",
        )
    if limit and not account:
        raise CommandFailed("--limit goes with --account alone: the others answer for each that is named")
    kind = "views" if view_counts else "--product" if products else "--account" if account else "--pair"
    _refuse_unfit(kind, recipe, {"--recipe": recipe, "--weeks": weeks, "--level": level, "--as-of": as_of})
    if view_counts:
        of_views = await _of_views(context, view_counts)
        context.result(of_views, table(of_views))
        return
    moment, known = as_of.date() if as_of else None, [_pair(text) for text in pairs or ()]
    async with open_access(context.target(), retry_for_s=RETRY_FOR_S) as access:
        if products:
            asked = Asked(weeks or WEEKS, LEVEL if level is None else level, STOCK_LEVEL, moment)
            forecasts = await of_products(access.admin, products, asked)
            context.result(forecasts, forecast_table(forecasts, asked))
        elif account:
            listed = await access.admin.predictor.account_demand(
                account, limit=limit or LIMIT, level=LEVEL if level is None else level, as_of=moment
            )
            context.result(listed, account_table(listed))
        elif recipe != "baseline" and (found := await _by_demand(access.admin.predictor, known, recipe, level, moment)):
            context.result(pairs_as_json(found), pairs_table(found))
        else:
            of_pairs = await _of_pairs(access.admin, known)
            context.result(of_pairs, table(of_pairs))


async def _of_views(context: Context, view_counts: list[int]) -> Predictions:
    """They tell nothing of any account, so nobody has to be an admin for them."""
    async with open_client(context.target().addresses, retry_for_s=RETRY_FOR_S) as anonymous:
        return await anonymous.predictor.predict_views(view_counts)


async def _by_demand(
    predictor: PredictorApi,
    pairs: Sequence[tuple[int, int]],
    recipe: RecipeName | None,
    level: float | None,
    as_of: date | None,
) -> list[PairDemand]:
    """Each with its reasons, which batches do not have; none if `demand` is not served and nobody said that it has to be, nor asked
    for what it alone has."""
    meant = (recipe, level, as_of) != (None, None, None)
    if not meant and not isinstance(await predictor.pair(*pairs[0]), PairDemand):
        return []
    level = LEVEL if level is None else level
    return [await predictor.demand(*pair, level=level, as_of=as_of) for pair in pairs]


def _refuse_unfit(kind: str, recipe: RecipeName | None, given: Mapping[str, object]) -> None:
    """Raises CommandFailed for an option that would count for nothing."""
    unfit = [name for name, value in given.items() if value is not None and name not in OPTIONS[kind]]
    if unfit:
        raise CommandFailed(f"{unfit[0]} does not go with {'view counts' if kind == 'views' else kind}")
    if recipe == "baseline" and (asked := [name for name in ("--level", "--as-of") if given[name] is not None]):
        raise CommandFailed(f"baseline has no {asked[0]}: it answers from the views so far")


async def _of_pairs(admin: Client, pairs: Sequence[tuple[int, int]]) -> Predictions:
    answer = await admin.predictor.predict_pairs(pairs)
    without = [pair for pair, prediction in zip(pairs, answer.data, strict=True) if not prediction.has_features]
    await _expect_existing(admin.order_api, without)
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
