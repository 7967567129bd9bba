"""What somebody has ordered in the shop."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from ordercast.services.console.own_orders.read_own_orders import read_own_order, read_own_orders
from ordercast.services.console.own_orders.schemas import OrderQuestion, OrdersQuestion
from ordercast.services.console.pages import SHOP, Customer, console, page
from ordercast.services.console.parts import Missing, is_missing
from ordercast.services.shared.http.requests import in_query

router = APIRouter()


@router.get(f"{SHOP}/orders")
async def show_orders(
    request: Request, log_in: Customer, asked: Annotated[OrdersQuestion, in_query(OrdersQuestion)]
) -> Response:
    found = await read_own_orders(log_in, asked.starting_after)
    return page(
        request,
        "shop_orders.html",
        found.orders.status if isinstance(found.orders, Missing) else 200,
        found=found,
        missing=is_missing,
        next_page=f"{SHOP}/orders?starting_after={found.next_after}" if found.next_after else None,
        first_page=f"{SHOP}/orders" if asked.starting_after else None,
    )


@router.get(SHOP + "/orders/{order_id}")
async def show_order(
    request: Request, log_in: Customer, order_id: UUID, asked: Annotated[OrderQuestion, in_query(OrderQuestion)]
) -> Response:
    found = await read_own_order(log_in, console(request).anybody, order_id)
    return page(
        request,
        "shop_order.html",
        found.order.status if isinstance(found.order, Missing) else 200,
        found=found,
        order_id=order_id,
        placed=asked.placed,
        missing=is_missing,
    )
