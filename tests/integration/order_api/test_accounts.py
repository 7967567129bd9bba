"""Signing up, logging in, and rotating tokens, over HTTP on a real database."""

import asyncio
import re
from collections import Counter

import httpx
import jwt
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from ordercast.services.order_api.accounts.tables import Account, RefreshToken
from tests.support.order_api import PASSWORD, RunningApi, TokenKeys, running_order_api

ANN = {"email": "Ann@Example.com", "nickname": "ann", "password": PASSWORD}


async def log_in(api: RunningApi, email: str, password: str = PASSWORD) -> httpx.Response:
    return await api.client.post("/auth/token", data={"username": email, "password": password})


async def refresh(api: RunningApi, refresh_token: str) -> httpx.Response:
    return await api.client.post("/auth/refresh", json={"refresh_token": refresh_token})


async def test_signing_up_makes_a_customer(api: RunningApi) -> None:
    answer = await api.client.post("/accounts", json=ANN)

    assert answer.status_code == 201
    assert answer.json() == {
        "id": answer.json()["id"],
        "email": "Ann@example.com",
        "nickname": "ann",
        "role": "CUSTOMER",
        "login_type": "PASSWORD",
        "account_ref": None,
        "blocked": False,
        "created_at": answer.json()["created_at"],
    }


async def test_a_password_is_stored_as_argon2id_only(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)

    async with api.service.sessions() as session:
        stored = await session.scalar(select(Account.password_hash))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_an_email_is_taken_however_it_is_cased(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)

    answer = await api.client.post("/accounts", json=ANN | {"email": "ANN@example.COM", "nickname": "other"})

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/account-taken"
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]


async def test_a_nickname_is_taken_once_and_both_fields_are_named(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    other = await api.client.post("/accounts", json=ANN | {"email": "bob@example.com"})
    both = await api.client.post("/accounts", json=ANN)

    assert other.status_code == both.status_code == 409
    assert [error["field"] for error in other.json()["errors"]] == ["nickname"]
    assert [error["field"] for error in both.json()["errors"]] == ["email", "nickname"]


async def test_of_many_that_sign_up_with_one_email_at_once_one_wins(api: RunningApi) -> None:
    bodies = [ANN | {"nickname": f"ann{number}"} for number in range(6)]

    answers = await asyncio.gather(*(api.client.post("/accounts", json=body) for body in bodies))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_a_role_sent_by_the_client_is_refused(api: RunningApi) -> None:
    for field, value in {"role": "ADMIN", "login_type": "EXTERNAL", "id": 1}.items():
        answer = await api.client.post("/accounts", json=ANN | {field: value})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_what_is_wrong_with_a_sign_up_is_said_without_the_password(api: RunningApi) -> None:
    secrets = {"short": "geheim7", "long": "geheim" * 30}
    for password in secrets.values():
        answer = await api.client.post("/accounts", json=ANN | {"password": password})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["password"]
        assert "geheim" not in answer.text


async def test_bad_emails_and_nicknames_are_refused(api: RunningApi) -> None:
    bad = [
        ("email", "no-at-sign"),
        ("email", "a@b"),
        ("email", f"{'a' * 300}@example.com"),
        ("email", None),
        ("nickname", ""),
        ("nickname", "   "),
        ("nickname", "n" * 65),
        ("nickname", "two\nlines"),
        ("nickname", "nul\0"),
        ("nickname", 7),
    ]
    for field, value in bad:
        answer = await api.client.post("/accounts", json=ANN | {field: value})
        assert answer.status_code == 422, (field, value)
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_logging_in_gives_tokens_that_open_the_own_account(api: RunningApi) -> None:
    account = (await api.client.post("/accounts", json=ANN)).json()

    answer = await log_in(api, "aNN@example.com")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 900
    me = await api.client.get("/accounts/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.json() == account


async def test_the_public_key_set_checks_the_access_tokens(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    token = (await log_in(api, "ann@example.com")).json()["access_token"]

    keys = jwt.PyJWKSet.from_dict((await api.client.get("/.well-known/jwks.json")).json())

    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, audience="ordercast", issuer="ordercast", algorithms=["EdDSA"])
    assert claims["role"] == "CUSTOMER"
    assert set(claims) == {"sub", "role", "ver", "sid", "iss", "aud", "iat", "exp", "jti"}


@pytest.mark.parametrize("known", [True, False])
async def test_a_flood_of_wrong_passwords_is_refused_for_known_and_unknown_emails_alike_and_others_log_in(
    api: RunningApi, known: bool
) -> None:
    guessed, other = await api.customer(), await api.customer()
    email = guessed.email if known else "nobody@example.com"
    answers = await asyncio.gather(*(log_in(api, email, "not the password") for _ in range(200)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {401, 429}
    assert 10 <= statuses[401] < 20  # one more in each six seconds that the test takes
    (limit,) = {answer.headers["RateLimit-Policy"] for answer in answers if answer.status_code == 429}
    assert limit == '"failed-log-ins";q=10;w=60'
    assert all(1 <= int(answer.headers["Retry-After"]) <= 6 for answer in answers if answer.status_code == 429)
    assert (await log_in(api, other.email)).status_code == 200


async def test_sign_ups_of_an_address_and_orders_of_an_account_are_limited_and_other_accounts_order(
    database_url: str, token_keys: TokenKeys
) -> None:
    limits = {"address_sign_ups_per_minute": 1, "orders_per_minute": 2, "rate_limit_processes": 2}
    async with running_order_api(database_url, token_keys, **limits) as api:
        signed_up = [await api.client.post("/accounts", json={}) for _ in range(2)]
        ann, bob = await api.customer(), await api.customer()
        ordered = [await api.client.post("/orders", json={}, headers=who.headers) for who in (ann, ann, bob)]
    assert [answer.status_code for answer in signed_up] == [422, 429]
    assert [answer.status_code for answer in ordered] == [422, 429, 422]
    assert ordered[1].headers["RateLimit-Policy"] == '"orders";q=1;w=60'


async def test_an_unknown_email_and_a_wrong_password_look_the_same(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)

    unknown = await log_in(api, "nobody@example.com")
    wrong = await log_in(api, "ann@example.com", "not the password")
    broken = await log_in(api, "ann@example.com\0")

    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json()
    assert broken.status_code == 422


async def test_an_imported_account_cannot_log_in(api: RunningApi) -> None:
    async with api.service.sessions() as session, session.begin():
        session.add(Account(nickname="ref-1", role="CUSTOMER", login_type="EXTERNAL", account_ref="1"))

    assert (await log_in(api, "ref-1")).status_code == 401


async def test_a_log_in_without_a_password_names_the_field(api: RunningApi) -> None:
    answer = await api.client.post("/auth/token", data={"username": "ann@example.com"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "password", "message": "Field required"}]


async def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    first = (await log_in(api, "ann@example.com")).json()["refresh_token"]
    other_login = (await log_in(api, "ann@example.com")).json()["refresh_token"]
    second = (await refresh(api, first)).json()["refresh_token"]
    third = (await refresh(api, second)).json()["refresh_token"]

    reused = await refresh(api, first)

    assert reused.status_code == 401
    assert reused.json()["type"] == "/problems/invalid-refresh-token"
    assert (await refresh(api, third)).status_code == 401
    assert (await refresh(api, other_login)).status_code == 200


async def test_of_many_exchanges_of_one_refresh_token_at_once_one_wins_and_the_family_ends(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    token = (await log_in(api, "ann@example.com")).json()["refresh_token"]

    answers = await asyncio.gather(*(refresh(api, token) for _ in range(8)))

    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert (await refresh(api, good[0].json()["refresh_token"])).status_code == 401


async def test_an_expired_or_unknown_refresh_token_is_refused(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    token = (await log_in(api, "ann@example.com")).json()["refresh_token"]
    async with api.service.sessions() as session, session.begin():
        await session.execute(update(RefreshToken).values(expires_at=func.now()))

    assert (await refresh(api, token)).status_code == 401
    assert (await refresh(api, "made up")).status_code == 401


async def test_expired_refresh_tokens_are_forgotten_at_the_next_log_in(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    await log_in(api, "ann@example.com")
    async with api.service.sessions() as session, session.begin():
        await session.execute(update(RefreshToken).values(expires_at=func.now()))

    await log_in(api, "ann@example.com")

    async with api.service.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(RefreshToken)) == 1


async def test_a_refresh_takes_the_role_of_now(api: RunningApi) -> None:
    await api.client.post("/accounts", json=ANN)
    token = (await log_in(api, "ann@example.com")).json()["refresh_token"]
    async with api.service.sessions() as session, session.begin():
        await session.execute(update(Account).values(role="ADMIN"))

    access_token = (await refresh(api, token)).json()["access_token"]

    assert api.service.verifier.verify(access_token).role == "ADMIN"


async def test_a_token_whose_account_is_gone_is_refused(api: RunningApi) -> None:
    customer = await api.customer()
    async with api.service.sessions() as session, session.begin():
        await session.delete(await session.get_one(Account, customer.id))

    answer = await api.client.get("/accounts/me", headers=customer.headers)

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/unknown-account"


FORMS = [
    "Ann@B\u00fccher.example.com",
    "ann@BU\u0308CHER.example.com",
    "ann@xn--bcher-kva.example.com",
    "ann@XN--BCHER-KVA.EXAMPLE.COM",
    " ann@b\u00fccher.example.com ",
    "ann@b\u00fccher\u3002\uff45xample.com",
    "Ann B <ann@b\u00fccher.example.com>",
]


@pytest.mark.parametrize("form", FORMS)
async def test_whatever_form_of_an_address_signs_up_it_logs_in_and_so_do_the_others(api: RunningApi, form: str) -> None:
    assert (await api.client.post("/accounts", json=ANN | {"email": form})).status_code == 201
    assert [(await log_in(api, other)).status_code for other in FORMS] == [200] * len(FORMS)
    for other in FORMS:
        taken = await api.client.post("/accounts", json=ANN | {"email": other, "nickname": "another"})
        assert [error["field"] for error in taken.json()["errors"]] == ["email"]


async def test_the_part_before_the_at_sign_is_one_however_its_letters_are_composed(api: RunningApi) -> None:
    assert (await api.client.post("/accounts", json=ANN | {"email": "Jose\u0301@example.com"})).status_code == 201
    for form in ("jos\u00e9@example.com", "JOSE\u0301@example.com", "JOS\u00c9@EXAMPLE.com"):
        assert (await log_in(api, form)).status_code == 200
    assert (await log_in(api, "jose@example.com")).status_code == 401


@pytest.mark.parametrize("similar", ["ANN bee", "  ann   bee ", "\uff41nn bee", "ann\u00a0bee", "Ann Bee"])
async def test_nicknames_that_look_the_same_are_one(api: RunningApi, similar: str) -> None:
    assert (await api.client.post("/accounts", json=ANN | {"nickname": "Ann Bee"})).json()["nickname"] == "Ann Bee"
    answer = await api.client.post("/accounts", json=ANN | {"email": "bob@example.com", "nickname": similar})
    assert answer.status_code == 409
    assert [error["field"] for error in answer.json()["errors"]] == ["nickname"]


@pytest.mark.parametrize("nickname", ["ann\u200b", "\u00adann", "a\u202enn", "\u115f", "\u3164", "\ufdfa" * 9])
async def test_a_nickname_with_invisible_characters_is_refused_and_so_is_a_long_one_in_disguise(
    shared_api: RunningApi, nickname: str
) -> None:
    answer = await shared_api.client.post("/accounts", json=ANN | {"nickname": nickname})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["nickname"]


async def test_a_password_is_the_same_however_its_letters_are_composed(api: RunningApi) -> None:
    assert (
        await api.client.post("/accounts", json=ANN | {"password": "two caf\u00e9s with cre\u0300me"})
    ).status_code == 201
    assert (await log_in(api, "ann@example.com", "two cafe\u0301s with cr\u00e8me")).status_code == 200
    assert (await log_in(api, "ann@example.com", "two cafes with creme")).status_code == 401


async def test_a_hash_from_before_the_normal_form_still_logs_in_and_is_made_anew(api: RunningApi) -> None:
    account = (await api.client.post("/accounts", json=ANN)).json()
    typed, composed = "cafe\u0301 cre\u0300me", "caf\u00e9 cr\u00e8me"
    async with api.service.sessions() as session, session.begin():
        await session.execute(update(Account).values(password_hash=PasswordHasher().hash(typed)))

    assert (await log_in(api, "ann@example.com", composed)).status_code == 401
    assert (await log_in(api, "ann@example.com", typed)).status_code == 200

    assert (await log_in(api, "ann@example.com", composed)).status_code == 200
    assert (await log_in(api, "ann@example.com", typed)).status_code == 200
    async with api.service.sessions() as session:
        stored = await session.get_one(Account, account["id"])
        assert (await api.service.passwords.check(stored.password_hash, typed)) == (True, False)


async def test_passwords_that_hold_what_cannot_be_seen_are_refused_without_saying_it(shared_api: RunningApi) -> None:
    answer = await shared_api.client.post("/accounts", json=ANN | {"password": "geheim\u200bgeheim"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["password"]
    assert "geheim" not in answer.text
    assert "200b" not in answer.text.lower()


async def test_who_knows_a_password_logs_in_so_often_and_keeps_nobody_else_out(
    database_url: str, token_keys: TokenKeys
) -> None:
    async with running_order_api(database_url, token_keys, log_ins_per_minute=3) as api:
        ann, bob = await api.customer(), await api.customer()
        given = [await log_in(api, ann.email, PASSWORD) for _ in range(4)]
        assert [answer.status_code for answer in given] == [200] * 3 + [429]
        told = [re.fullmatch(r'"log-ins";r=(\d);t=(\d+)', answer.headers["RateLimit"]) for answer in given]
        assert [match and match[1] for match in told] == ["2", "1", "0", "0"]
        # One more in each 20 s: a little less is left of them where the log-ins take their time.
        assert all(match and 10 <= int(match[2]) <= 20 for match in told)
        assert given[3].json()["type"] == "/problems/log-ins-too-frequent"
        assert 10 <= int(given[3].headers["Retry-After"]) <= 20
        assert (await log_in(api, bob.email, PASSWORD)).status_code == 200
        tokens = await api.client.post("/auth/refresh", json={"refresh_token": given[0].json()["refresh_token"]})
        assert tokens.status_code == 200

        body = {"old_password": PASSWORD, "new_password": PASSWORD}
        headers, statuses = bob.headers, []
        for _ in range(4):
            changed = await api.client.post("/accounts/me/password", json=body, headers=headers)
            statuses.append(changed.status_code)
            headers = {"Authorization": f"Bearer {changed.json().get('access_token')}"}
        assert statuses == [200] * 3 + [429]
