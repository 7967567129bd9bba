"""The plain way to take orders, to measure against: FastAPI and the SQLAlchemy ORM, one transaction for each request.

It does less than order_api: no outbox, no idempotency key. `python -m tests.bench.plain_order_service PORT` with
ORDERCAST_DATABASE_URL and ORDERCAST_TOKEN_PUBLIC_KEY_FILE; same server, same pool, same token check.
"""

import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from uuid_utils.compat import uuid7

import ordercast.services.order_api.accounts.tables  # noqa: F401 - orders refer to it
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.http.access import ACCESS
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.token_keys import load_verifying_keys
from ordercast.services.shared.http.tokens import TokenVerifier


class Item(BaseModel):
    product_id: int
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class PlaceOrder(BaseModel):
    items: Annotated[list[Item], Field(min_length=1, max_length=2_000)]


class PlacedItem(BaseModel):
    line: int
    product_id: int
    quantity: int
    unit_price: Decimal


class PlacedOrder(BaseModel):
    id: UUID
    account_id: int
    status: str
    items: list[PlacedItem]
    total: Decimal
    currency: str
    created_at: datetime


engine = create_async_engine(os.environ["ORDERCAST_DATABASE_URL"], pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class _Service:
    verifier = TokenVerifier(load_verifying_keys(Path(os.environ["ORDERCAST_TOKEN_PUBLIC_KEY_FILE"])))


app.state.service = _Service
app.state.access = ACCESS


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


@app.post("/orders", status_code=201)
async def place(
    body: PlaceOrder, caller: CurrentCaller, session: Annotated[AsyncSession, Depends(session)]
) -> PlacedOrder:
    async with session.begin():
        wanted = {item.product_id for item in body.items}
        products = {row.id: row for row in await session.scalars(select(Product).where(Product.id.in_(wanted)))}
        if wanted - products.keys():
            raise HTTPException(422, "unknown product")
        items = [
            PlacedItem(
                line=line,
                product_id=item.product_id,
                quantity=item.quantity,
                unit_price=products[item.product_id].price,
            )
            for line, item in enumerate(body.items, start=1)
        ]
        order = Order(
            id=uuid7(),
            account_id=caller.account_id,
            status="PENDING",
            currency=products[items[0].product_id].currency,
            total=sum((item.quantity * item.unit_price for item in items), start=Decimal(0)),
            created_at=datetime.now(UTC),
        )
        session.add(order)
        await session.flush()
        session.add_all(OrderItem(order_id=order.id, **item.model_dump()) for item in items)
    return PlacedOrder(
        id=order.id,
        account_id=order.account_id,
        status=order.status,
        items=items,
        total=order.total,
        currency=order.currency,
        created_at=order.created_at,
    )


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
