"""Every operation of the running services as every kind of caller: who is let in, and who reaches what is another's."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.infra.local.system import System
from ordercast.services.shared.http.access import ACCESS, Access, Operation
from ordercast.services.shared.http.caller import ROLES, Caller, Role
from ordercast.services.shared.http.tokens import TokenSigner
from tests.security.findings import Finding

SERVICES: Final = ("order_api", "trainer", "predictor")
# What each port answers to whoever runs it.
INSIDE: Final = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}
# Of accounts that live as long as this run.
PASSWORD: Final = secrets.token_urlsafe(24)
# All that an API key may do here; for everything else it is refused.
KEY_SCOPE: Final = "orders:read"
NO_ID: Final = 1_000_000
NO_UUID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Member:
    """An account with its token."""

    id: int
    headers: dict[str, str]


def email_of(role: Role) -> str:
    return f"some.{role.lower()}@example.com"


async def members(http: httpx.AsyncClient, system: System, admin: Mapping[str, str]) -> dict[Role, Member]:
    """A new account of each role."""
    made: dict[Role, Member] = {}
    base = system.urls["order_api"]
    for role in ROLES:
        email = email_of(role)
        new = {"email": email, "nickname": f"Some {role}", "password": PASSWORD}
        account = (await http.post(f"{base}/accounts", json=new)).raise_for_status().json()
        (await http.patch(f"{base}/accounts/{account['id']}", json={"role": role}, headers=admin)).raise_for_status()
        made[role] = Member(account["id"], await log_in(http, base, email))
    return made


async def log_in(http: httpx.AsyncClient, base: str, email: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of a new token."""
    answer = await http.post(f"{base}/auth/token", data={"username": email, "password": password})
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def walk(http: httpx.AsyncClient, system: System, of: Mapping[Role, Member]) -> list[Finding]:
    """One finding for each operation: the statuses of nobody, of a forged token, of an admin's API key, and of each role."""
    forged = {"Authorization": f"Bearer {TokenSigner(Ed25519PrivateKey.generate()).sign(Caller(1, 'ADMIN'))}"}
    body = {"name": "walk", "scopes": [KEY_SCOPE]}
    made = await http.post(f"{system.urls['order_api']}/api-keys", json=body, headers=of["ADMIN"].headers)
    key = {"Authorization": f"Bearer {made.raise_for_status().json()['key']}"}
    findings = []
    there = set[Operation]()
    for service in SERVICES:
        base = system.urls[service]
        document = (await http.get(f"{base}/openapi.json")).raise_for_status().json()
        operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
        there |= operations - INSIDE
        for operation in sorted(operations - INSIDE, key=lambda found: found[::-1]):
            access = ACCESS[operation]
            got = {"nobody": await status(http, base, operation, NO_ID, {})}
            if access.knows_callers or not access.open:
                got["forged"] = await status(http, base, operation, NO_ID, forged)
            if not access.open:
                account = of["ADMIN"].id if access.reach["ADMIN"] == "own" else NO_ID
                got["key"] = await status(http, base, operation, account, key)
            for role, how in access.reach.items():
                # Who may do it to every account does it to none that is there: one of these is an erasure.
                account = of[role].id if how == "own" else NO_ID
                got[role] = await status(http, base, operation, account, of[role].headers)
            findings.append(judged(operation, access, got))
    missing = ACCESS.keys() ^ there
    findings.append(Finding.compared("operations that only one of table and services has", 0, len(missing)))
    return findings


async def status(
    http: httpx.AsyncClient, base: str, operation: Operation, account_id: int, headers: Mapping[str, str]
) -> int:
    """Of a request without a body and for what is not there: whoever is let in gets 404 or 422 for most. A stream has no end."""
    method, path = operation
    values = {"account_id": str(account_id), "order_id": NO_UUID, "training_id": NO_UUID}
    url = base + re.sub(r"\{(\w+)\}", lambda part: values.get(part[1], str(NO_ID)), path)
    async with http.stream(method, url, headers=headers) as answer:
        return answer.status_code


def judged(operation: Operation, access: Access, got: Mapping[str, int]) -> Finding:
    closed_to: set[str] = {role for role, reach in access.reach.items() if reach == "none"}
    wrong: list[str] = [role for role in access.reach if (got[role] == FORBIDDEN) != (role in closed_to)]
    wrong += [who for who in got if who in access.reach and got[who] == UNAUTHORIZED]
    if (got["nobody"] == UNAUTHORIZED) == access.open:
        wrong.append("nobody")
    # Where no token is needed, a forged one may change nothing.
    if got.get("forged", UNAUTHORIZED) not in (UNAUTHORIZED, *([got["nobody"]] if access.open else [])):
        wrong.append("forged")
    if not access.open and ((got["key"] == FORBIDDEN) != (access.scope != KEY_SCOPE) or got["key"] == UNAUTHORIZED):
        wrong.append("key")
    if not access.open and access.scope != KEY_SCOPE:
        closed_to |= {"key"}
    wanted = "open" if access.open else "401 without a token"
    wanted += f"; 403 for {', '.join(sorted(closed_to))}" if closed_to else ""
    return Finding(" ".join(operation), wanted, by_status(got), ", ".join(wrong))


def by_status(got: Mapping[str, int]) -> str:
    """Who got which status, in words."""
    found: dict[int, list[str]] = {}
    for who, status_ in got.items():
        found.setdefault(status_, []).append(who)
    return "; ".join(f"{status_} {', '.join(who)}" for status_, who in sorted(found.items()))


async def reach(http: httpx.AsyncClient, system: System, of: Mapping[Role, Member], product: int) -> list[Finding]:
    """What belongs to another customer, as each role."""
    api, predictor = system.urls["order_api"], system.urls["predictor"]
    owner = of["CUSTOMER"]
    new = {"email": "other@example.com", "nickname": "Other", "password": PASSWORD}
    other = (await http.post(f"{api}/accounts", json=new)).raise_for_status().json()
    callers = {"CUSTOMER": Member(other["id"], await log_in(http, api, new["email"]))} | {
        role: of[role] for role in ROLES if role != "CUSTOMER"
    }
    findings = []
    for operation, base in (
        (("GET", "/orders/{order_id}"), api),
        (("POST", "/orders/{order_id}/cancel"), api),
        (("PATCH", "/products/{product_id}/reviews/{review_id}"), api),
        (("DELETE", "/products/{product_id}/reviews/{review_id}"), api),
        (("GET", "/predictions/accounts/{account_id}"), predictor),
        (("GET", "/predictions/{account_id}/{product_id}"), predictor),
        (("GET", "/features/{account_id}/{product_id}"), predictor),
    ):
        got: dict[str, int] = {}
        for role, caller in callers.items():
            values = {"account_id": owner.id, "product_id": product, **await _owned(http, api, owner, product)}
            url = base + operation[1].format(**values)
            body = {"rating": 1} if operation[0] == "PATCH" else None
            answer = await http.request(operation[0], url, headers=caller.headers, json=body)
            got[role] = answer.status_code
            await http.delete(f"{api}/products/{product}/reviews/{values['review_id']}", headers=owner.headers)
        refused = {role for role, code in got.items() if code in (FORBIDDEN, NOT_FOUND)}
        allowed = {role for role, how in ACCESS[operation].reach.items() if how == "any"}
        difference = "" if refused == callers.keys() - allowed else "not as the table says"
        wanted = f"refused for {', '.join(sorted(callers.keys() - allowed))}"
        findings.append(Finding(f"another's: {' '.join(operation)}", wanted, by_status(got), difference))
    return findings


async def _owned(http: httpx.AsyncClient, api: str, owner: Member, product: int) -> dict[str, str | int]:
    """An order and a review of the owner."""
    order = await http.post(
        f"{api}/orders", json={"items": [{"product_id": product, "quantity": 1}]}, headers=owner.headers
    )
    review = await http.post(
        f"{api}/products/{product}/reviews", json={"rating": 5, "text": "Good."}, headers=owner.headers
    )
    return {"order_id": order.raise_for_status().json()["id"], "review_id": review.raise_for_status().json()["id"]}
