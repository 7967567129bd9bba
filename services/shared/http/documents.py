"""What OpenAPI says of answers that msgspec encodes: derived from them, so that the two cannot differ.

    @router.get("/orders/{order_id}", response_model=document_of(OrderAnswer))
    async def get_order(...) -> Response: ...

The model only documents; FastAPI does not check what a route sends as a `Response`.
"""

from decimal import Decimal
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, Field, create_model


@cache
def document_of(answer: type[msgspec.Struct]) -> type[BaseModel]:
    """A pydantic model with the name, the docstring and the fields of the answer.

    A field's `msgspec.Meta` may hold `description` and `examples`.
    """
    fields: dict[str, Any] = {
        field.encode_name: (_documented(field.type), _default(field)) for field in msgspec.structs.fields(answer)
    }
    model: type[BaseModel] = create_model(answer.__name__, __doc__=answer.__doc__, **fields)
    return model


def _default(field: msgspec.structs.FieldInfo) -> Any:
    """As JSON shows it; one that is made anew for each answer is not shown."""
    if field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    return ... if field.required else Field(default_factory=field.default_factory)


def _documented(kind: Any) -> Any:
    """The type as JSON shows it: msgspec writes decimals as strings."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Decimal:
        return str
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return document_of(kind)
    if origin is Annotated:
        metas = [meta for meta in arguments[1:] if isinstance(meta, msgspec.Meta)]
        pairs = [(name, getattr(meta, name)) for meta in metas for name in ("description", "examples")]
        hints = {name: value for name, value in pairs if value is not None}
        return Annotated[_documented(arguments[0]), Field(**hints)]
    if origin in (Union, UnionType):
        return reduce(or_, (argument if argument is NoneType else _documented(argument) for argument in arguments))
    if origin is list:
        return list[_documented(arguments[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[arguments[0], _documented(arguments[1])]  # type: ignore[valid-type,misc]
    return kind
