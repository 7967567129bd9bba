"""Who may do what over HTTP: the one table that routes ask and that a test walks (`tests/unit/services/test_access.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from ordercast.services.shared.http.caller import ROLES, Role

# `own`: for the caller's own account, and what everybody may see. `any`: for every account, and all that is the shop's.
Reach = Literal["none", "own", "any"]
# A method and a route's path.
Operation = tuple[str, str]

# `open`: without a token, too. The scope is what an API key needs; `-`: none does, a person has to log in.
#
# CUSTOMER is whoever signs up. SERVICE is a shop's own backend: it brings in orders, views and products, and asks for predictions.
# OPERATOR runs the system: trainings and models beside that. ADMIN alone says who is what.
#
# API keys outlast log-ins and changes of the password: customers make none, and no key makes another one.
_TABLE: Final = """
                                                         CUSTOMER SERVICE OPERATOR ADMIN scope
POST   /orders                                           own      own     own      own   orders:write
GET    /orders                                           own      any     any      any   orders:read
GET    /orders/{order_id}                                own      any     any      any   orders:read
GET    /orders/{order_id}/journey                        none     any     any      any   orders:read
POST   /orders/{order_id}/confirm                        none     any     any      any   orders:write
POST   /orders/{order_id}/cancel                         own      any     any      any   orders:write
POST   /orders/import                                    none     any     any      any   imports
POST   /views                                            own      any     any      any   views:write
POST   /views/batch                                      own      any     any      any   views:write
POST   /products                                         none     any     any      any   products:write
POST   /products/import                                  none     any     any      any   imports
PATCH  /products/{product_id}                            none     any     any      any   products:write
GET    /products                                         open
GET    /products/{product_id}                            open
GET    /products/{product_id}/prices                     open
GET    /products/by-sku/{sku}                            open
POST   /products/{product_id}/reviews                    own      own     own      own   reviews:write
PATCH  /products/{product_id}/reviews/{review_id}        own      own     any      any   reviews:write
DELETE /products/{product_id}/reviews/{review_id}        own      own     any      any   reviews:write
GET    /products/{product_id}/reviews                    open
GET    /dead-letters                                     none     none    any      any   dead-letters:read
GET    /dead-letters/{dead_letter_id}                    none     none    any      any   dead-letters:read
POST   /dead-letters/{dead_letter_id}/replay             none     none    any      any   dead-letters:write
POST   /dead-letters/replay                              none     none    any      any   dead-letters:write
POST   /dead-letters/discard                             none     none    any      any   dead-letters:write
GET    /events                                           none     any      any      any   events:read
POST   /webhooks                                         none     none    any      any   webhooks:write
GET    /webhooks                                         none     none    any      any   webhooks:read
GET    /webhooks/{webhook_id}                            none     none    any      any   webhooks:read
PATCH  /webhooks/{webhook_id}                            none     none    any      any   webhooks:write
DELETE /webhooks/{webhook_id}                            none     none    any      any   webhooks:write
POST   /webhooks/{webhook_id}/secret                     none     none    any      any   webhooks:write
GET    /webhooks/{webhook_id}/deliveries                 none     none    any      any   webhooks:read
POST   /webhooks/{webhook_id}/replay                     none     none    any      any   webhooks:write
GET    /pairs/{account_id}/{product_id}                  none     none    any      any   predictions:read
POST   /pairs/{account_id}/{product_id}/verification     none     none    any      any   predictions:read
GET    /trends                                           none     any     any      any   trends:read
POST   /accounts                                         open
GET    /accounts                                         none     any     any      any   accounts:read
GET    /accounts/me                                      own      own     own      own   accounts:read
POST   /accounts/me/password                             own      own     own      own   -
GET    /accounts/{account_id}                            none     any     any      any   accounts:read
PATCH  /accounts/{account_id}                            none     none    none     any   -
POST   /accounts/{account_id}/password-reset             none     none    none     any   -
GET    /accounts/{account_id}/export                     own      own     own      any   -
POST   /accounts/{account_id}/erasure                    own      own     own      any   -
GET    /audit                                            none     none    none     any   -
POST   /api-keys                                         none     own     own      any   -
GET    /api-keys                                         own      own     own      any   -
GET    /api-keys/{key_id}                                own      own     own      any   -
POST   /api-keys/{key_id}/rotate                         none     own     own      any   -
DELETE /api-keys/{key_id}                                own      own     own      any   -
POST   /auth/token                                       open
POST   /auth/refresh                                     open
POST   /auth/log-out                                     open
POST   /auth/password-reset                              open
GET    /.well-known/jwks.json                            open
GET    /problems/{slug}                                  open
GET    /asyncapi                                         open
GET    /asyncapi.json                                    open
POST   /trainings                                        none     none    any      any   trainings:write
GET    /trainings                                        none     none    any      any   trainings:read
GET    /trainings/{training_id}                          none     none    any      any   trainings:read
GET    /trainings/{training_id}/events                   none     none    any      any   trainings:read
DELETE /trainings/{training_id}                          none     none    any      any   trainings:write
GET    /recipes                                          none     none    any      any   trainings:read
GET    /predictions                                      open
POST   /predictions                                 open own      any     any      any   predictions:read
GET    /predictions/accounts/{account_id}                own      any     any      any   predictions:read
GET    /accounts/{account_id}/predictions                own      any     any      any   predictions:read
GET    /predictions/{account_id}/{product_id}            own      any     any      any   predictions:read
GET    /features/{account_id}/{product_id}               own      any     any      any   predictions:read
GET    /forecasts/products                               none     any     any      any   forecasts:read
GET    /forecasts/products/{product_id}                  none     any     any      any   forecasts:read
GET    /models                                           open
GET    /models/current                                   open
GET    /models/{version}                            open own      own     any      any   models:read
GET    /models/{version}/card                       open own      own     any      any   models:read
GET    /models/{version}/live                            none     none    any      any   models:read
GET    /models/{version}/drift                           none     none    any      any   models:read
POST   /models/{version}/activate                        none     none    any      any   models:write
DELETE /models/pin                                       none     none    any      any   models:write
"""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do one thing. Where it is open and a caller may still say who it is, `reach` says what that changes."""

    open: bool
    reach: Mapping[Role, Reach]
    scope: str | None

    @property
    def knows_callers(self) -> bool:
        return bool(self.reach)

    @property
    def allowed(self) -> tuple[Role, ...]:
        return tuple(role for role, reach in self.reach.items() if reach != "none")


def parse(table: str) -> dict[Operation, Access]:
    """The table's rows, below a first line with the roles."""
    _, *rows = table.strip().splitlines()
    parsed: dict[Operation, Access] = {}
    for row in rows:
        method, path, *cells = row.split()
        is_open = cells[0] == "open"
        *reaches, scope = cells[is_open:] or (None,)
        reach = dict(zip(ROLES, cast("list[Reach]", reaches), strict=True)) if reaches else {}
        parsed[method, path] = Access(is_open, reach, None if scope == "-" else scope)
    return parsed


ACCESS: Final = parse(_TABLE)


def scopes_of(role: Role) -> frozenset[str]:
    """The scopes with which an API key of this role may do anything."""
    return frozenset(access.scope for access in ACCESS.values() if access.scope and role in access.allowed)


# What an API key may be given.
SCOPES: Final = tuple(sorted({access.scope for access in ACCESS.values() if access.scope}))
