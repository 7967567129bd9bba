"""Every route of the console, and whom it is for: pages and forms are walked by this list, and a new one has to be in none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ordercast.services.console.app import console_app
from ordercast.services.console.settings import ConsoleSettings

# What every app has.
IN_THE_FRAME: Final = frozenset({"/healthz", "/readyz", "/metrics", "/problems/{slug}"})
# For whoever comes: to log in, and how pages look.
OPEN: Final = frozenset({"/log-in", "/log-out", "/preferences"})
# The shop's pages begin so: they are for customers, and most are for anybody.
SHOP: Final = "/shop"


@dataclass(frozen=True, slots=True)
class ConsoleRoute:
    """`path` is filled in with what is not there."""

    method: str
    template: str
    # What its form has to have, by OpenAPI: without that it would be refused before its token is looked at.
    form: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        number, text = "1", str(UUID(int=1))
        return re.sub(
            r"\{(\w+)\}", lambda part: text if part[1] in ("training_id", "order_id") else number, self.template
        )

    @property
    def is_in_shop(self) -> bool:
        return self.template == SHOP or self.template.startswith(f"{SHOP}/")

    @property
    def is_for_operators(self) -> bool:
        return self.template not in OPEN and not self.is_in_shop

    @property
    def is_for_admins(self) -> bool:
        """What is done to an account, or tells all of it."""
        return self.template.startswith("/accounts/{account_id}/")

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def console_routes() -> Iterator[ConsoleRoute]:
    document = console_app(ConsoleSettings()).openapi()
    for path, operations in document["paths"].items():
        if path in IN_THE_FRAME:
            continue
        for method, operation in operations.items():
            yield ConsoleRoute(method.upper(), path, tuple(_needed(operation, document["components"]["schemas"])))


def _needed(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A value for each field that a form needs."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for name in schema.get("required", ()):
            yield name, _value(schema["properties"][name])


def _value(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "integer":
        return str(schema.get("minimum", 1))
    value = "a" * 32
    assert schema["type"] == "string"
    assert re.fullmatch(schema.get("pattern", ".*"), value), schema
    return value
