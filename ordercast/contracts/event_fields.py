"""The types of events' fields: what each means, in which unit, within which bounds, with an example.

They describe and check nothing: a reader takes what is written, and a worker refuses by rules of its own. JSON Schemas are made
from them (`json_schema.py`).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec import Meta

from ordercast.contracts.limits import MAX_BIGINT, MAX_ITEMS, MAX_QUANTITY, MAX_VIEWS
from ordercast.contracts.model_manifest import VERSION_PATTERN

_ID = {"minimum": 1, "maximum": MAX_BIGINT}
# Written with a point and without an exponent, as many digits as there are.
_DECIMAL = {"pattern": r"^[0-9]+(\.[0-9]+)?$"}
_MOMENT = {"format": "date-time"}

AccountId: TypeAlias = Annotated[
    int,
    Meta(description="the account; its partition is this modulo partitions", examples=[1001], extra_json_schema=_ID),
]
ProductId: TypeAlias = Annotated[int, Meta(description="the product", examples=[7], extra_json_schema=_ID)]
Sku: TypeAlias = Annotated[
    str, Meta(description="the shop's own name of the product", examples=["CUP-1"], extra_json_schema={"minLength": 1})
]
ProductName: TypeAlias = Annotated[
    str, Meta(description="what it is called", examples=["A cup"], extra_json_schema={"minLength": 1})
]
Nickname: TypeAlias = Annotated[
    str, Meta(description="what the account is called; null: it was erased, or chose none", examples=["Ann"])
]
OrderId: TypeAlias = Annotated[UUID, Meta(description="the order", examples=["0197a3c2-5d10-7c4e-8f0a-1b2c3d4e5f60"])]
EventId: TypeAlias = Annotated[
    UUID, Meta(description="`ce_id` of an event", examples=["0197a3c2-5d10-7c4e-8f0a-1b2c3d4e5f60"])
]
OrderRef: TypeAlias = Annotated[
    str,
    Meta(
        description="the shop's own number of an imported order",
        examples=["A-1001"],
        extra_json_schema={"minLength": 1},
    ),
]
LineNumber: TypeAlias = Annotated[
    int, Meta(description="place in the order, from 1", examples=[1], extra_json_schema={"minimum": 1})
]
Quantity: TypeAlias = Annotated[
    int, Meta(description="pieces", examples=[3], extra_json_schema={"minimum": 1, "maximum": MAX_QUANTITY})
]
Currency: TypeAlias = Annotated[
    str, Meta(description="ISO 4217", examples=["EUR"], extra_json_schema={"pattern": "^[A-Z]{3}$"})
]
UnitPrice: TypeAlias = Annotated[
    Decimal,
    Meta(
        description="of one piece, in the order's currency, up to four decimals",
        examples=["12.5000"],
        extra_json_schema=_DECIMAL,
    ),
]
Price: TypeAlias = Annotated[
    Decimal,
    Meta(description="of one piece, up to four decimals", examples=["12.5000"], extra_json_schema=_DECIMAL),
]
Total: TypeAlias = Annotated[
    Decimal,
    Meta(description="of all lines, in the order's currency", examples=["37.50"], extra_json_schema=_DECIMAL),
]
ItemCount = {"minItems": 1, "maxItems": MAX_ITEMS}
ViewCount: TypeAlias = Annotated[
    int, Meta(description="how many times", examples=[2], extra_json_schema={"minimum": 1, "maximum": MAX_VIEWS})
]
Moment: TypeAlias = Annotated[
    datetime,
    Meta(
        description="when, RFC 3339 with its zone", examples=["2026-07-01T09:30:00.123456Z"], extra_json_schema=_MOMENT
    ),
]
Day: TypeAlias = Annotated[date, Meta(description="a day (UTC)", examples=["2026-07-04"])]
Version: TypeAlias = Annotated[
    str,
    Meta(
        description="a model version",
        examples=["v20260703T000000-0a1b2c3d"],
        extra_json_schema={"pattern": VERSION_PATTERN},
    ),
]
Recipe: TypeAlias = Annotated[str, Meta(description="what was trained", examples=["demand"])]
Probability: TypeAlias = Annotated[
    float, Meta(description="0 to 1", examples=[0.125], extra_json_schema={"minimum": 0, "maximum": 1})
]
ExpectedPieces: TypeAlias = Annotated[
    float,
    Meta(description="pieces, as a mean", examples=[1.75], extra_json_schema={"minimum": 0}),
]
Pieces: TypeAlias = Annotated[
    int, Meta(description="pieces", examples=[12], extra_json_schema={"minimum": 0, "maximum": MAX_BIGINT})
]
