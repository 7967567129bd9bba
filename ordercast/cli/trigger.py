"""`ordercast trigger`: a real event, made as anybody would make it."""

from enum import StrEnum
from typing import Annotated

import typer

from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.client.order_answers import Product
from ordercast.client.order_api import OrderApi
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()


class Made(StrEnum):
    """What can be made to happen."""

    PLACED = "order.placed"
    CONFIRMED = "order.confirmed"
    CANCELLED = "order.cancelled"


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def trigger(
    context: Context,
    event: Annotated[Made, typer.Argument(help="The event that is to happen, on an order of its own.")],
    sku: Annotated[
        str | None,
        typer.Option(
            "--sku", help="The product that is ordered; the first that is sold, if not given.", show_default=False
        ),
    ] = None,
    quantity: Annotated[int, typer.Option("--quantity", min=1, help="How many pieces.")] = 1,
) -> None:
    """Make a real event happen: places an order for the command's own account, and for the other two confirms or cancels it.

    It counts like any other order, in features and trends, too: on a shop's system cancel it afterwards.
    """
    async with open_access(context.target()) as access:
        order_api = access.admin.order_api
        product = await _product(order_api, sku)
        order = await order_api.place_order([(product.id, quantity)])
        if event is Made.CONFIRMED:
            order = await order_api.confirm_order(order.id)
        elif event is Made.CANCELLED:
            order = await order_api.cancel_order(order.id)
    context.result(order, f"{event}: order {order.id}, {quantity} of {product.sku}")


async def _product(order_api: OrderApi, sku: str | None) -> Product:
    if sku is not None:
        return await order_api.product_by_sku(sku)
    async for product in order_api.products(active=True):
        return product
    raise CommandFailed("there is no product that can be ordered", hint="`ordercast sample` makes some")
