"""Accounts: found and opened by operators; roles, blocks, codes, keys and erasure are for admins, after asking."""

from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.integration.console.test_products import hidden_in
from tests.support.console_predictions import Predictions
from tests.support.console_records import OPERATOR_ID, Records
from tests.support.console_services import Shop, console_of

# What admins do to account 11: page, form, and what order_api is asked for.
ACTS = [
    ("/accounts/11/role", {"role": "OPERATOR"}, ("change account", (11, {"role": "OPERATOR"}))),
    ("/accounts/11/block", {"blocked": "true"}, ("change account", (11, {"blocked": True}))),
    ("/accounts/15/block", {"blocked": "false"}, ("change account", (15, {"blocked": False}))),
    ("/accounts/11/reset-code", {}, ("reset", 11)),
    ("/accounts/11/erase", {"nickname": "ann"}, ("erase", 11)),
    ("/accounts/13/keys/1/revoke", {}, ("revoke key", 1)),
]


async def test_accounts_are_found_and_an_operator_sees_one_without_what_admins_do(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Accounts")
        text = await reader.page.inner_text("main")
        for told in ("ann@home.example", "17850", "has no log-in", "blocked", "a shop’s own program", "As of "):
            assert told in text
        await reader.picture("accounts")
        assert await reader.violations() == []
        await reader.page.fill("[name=search]", "anna")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**search=anna**")
        await reader.page.click("tbody a")
        text = await reader.page.inner_text("main")
        assert "anna@home.example" in text
        assert "Only an admin changes accounts" in text
        for hidden in ("Block…", "Erase", "API keys", "What it did"):
            assert hidden not in text
        await reader.picture("account-for-operator")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_an_admin_sees_keys_and_what_was_done(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in("adam", at="/accounts/13")
        text = await reader.page.inner_text("main")
        for told in (
            "backend 1",
            "revoked",
            "good until 2027-01-01",
            "orders:write",
            "role-changed",
            "It has ordered nothing",
        ):
            assert told in text
        await reader.picture("account-for-admin")
        assert await reader.violations() == []
        assert reader.problems == []


@pytest.mark.parametrize(("path", "form", "done"), ACTS)
async def test_what_an_admin_does_is_asked_first_and_done_once(
    path: str, form: dict[str, str], done: tuple[str, Any]
) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "adam")
        asked = await http.get(path)
        assert asked.status_code == 200
        assert "<pre><code>ordercast " in asked.text
        assert shop.records.done == []
        known = {"known": hidden_in(asked.text)} if done[0] == "change account" else {}
        answer = await http.post(path, data=form | known | {"csrf": csrf_in(asked.text)})
        assert answer.status_code in (200, 303)
        assert shop.records.done == [done]


@pytest.mark.parametrize(("page", "form"), [("role", {"role": "OPERATOR"}), ("block", {"blocked": "true"})])
async def test_what_another_admin_did_to_the_account_meanwhile_is_told_and_stays(
    page: str, form: dict[str, str]
) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "adam")
        asked = await http.get(f"/accounts/11/{page}")
        shop.predictions.account_etag = '"SERVICE."'
        sent = form | {"csrf": csrf_in(asked.text), "known": hidden_in(asked.text)}
        answer = await http.post(f"/accounts/11/{page}", data=sent)
        assert answer.status_code == 412
        assert "somebody else changed it meanwhile" in answer.text
        assert shop.records.done == []
        if page == "role":
            assert 'value="OPERATOR" checked' in answer.text
        again = await http.post(f"/accounts/11/{page}", data=sent | {"known": hidden_in(answer.text)})
        assert again.status_code == 303


@pytest.mark.parametrize(
    ("account", "question", "sent"), [(11, "Block this account?", "true"), (15, "Unblock this account?", "false")]
)
async def test_who_is_blocked_can_be_unblocked_and_others_blocked(account: int, question: str, sent: str) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "adam")
        asked = (await http.get(f"/accounts/{account}/block")).text
        assert f"<h1>{question}</h1>" in asked
        assert f'name="blocked" value="{sent}"' in asked


@pytest.mark.parametrize(("path", "form", "_"), ACTS)
async def test_what_is_refused_is_told_where_it_was_asked_for(path: str, form: dict[str, str], _: Any) -> None:
    shop = Shop(records=Records(refuse=(409, "the last admin stays")))
    async with reading(shop) as http:
        await log_in(http, "adam")
        csrf = csrf_in((await http.get("/accounts")).text)
        answer = await http.post(path, data=form | {"csrf": csrf})
        assert answer.status_code == 409
        assert "the last admin stays" in answer.text


@pytest.mark.parametrize(("path", "form", "_"), [*ACTS, ("/accounts/11/keys/new", {"name": "x"}, None)])
@pytest.mark.parametrize("name", ["adam", "olga", "carl"])
async def test_nothing_is_done_without_the_form_s_token_or_for_others(
    path: str, form: dict[str, str], _: Any, name: str
) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = "made up" if name == "adam" else csrf_in((await http.get("/")).text)
        answer = await http.post(path, data=form | {"csrf": csrf})
        assert answer.status_code == 403
        assert (await http.get(path)).status_code == (200 if name == "adam" else 403)
        assert shop.records.done == []


async def test_a_code_for_a_new_password_is_shown_once(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in("adam", at="/accounts/11/reset-code")
        await reader.picture("account-reset")
        assert await reader.violations() == []
        await reader.page.click("button.main")
        assert "ABCD-EFGH-JKLM" in await reader.page.inner_text(".secret")
        assert await reader.violations() == []
        await reader.page.goto(f"{address}/accounts/11/reset-code")
        assert await reader.page.locator(".secret").count() == 0


async def test_by_keyboard_a_key_is_made_and_shown_once(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in("adam", at="/accounts/13")
        await reader.press("text=Make one…")
        await reader.page.wait_for_url("**/keys/new")
        await reader.page.fill("#name", "the shop")
        await reader.press("[value='orders:write']", "Space")
        await reader.picture("key-new")
        assert await reader.violations() == []
        await reader.press("button.main")
        await reader.page.locator(".secret").wait_for()
        assert "oc_a-secret-that-is-shown-once" in await reader.page.inner_text("main")
        [(what, body)] = shop.records.done
        assert (what, body["name"], body["scopes"], body["account_id"]) == (
            "make key",
            "the shop",
            ["orders:write"],
            13,
        )
        assert await reader.violations() == []
        assert reader.problems == []


async def test_a_key_is_made_once_and_shown_however_often_its_form_comes() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "adam")
        csrf = csrf_in((await http.get("/accounts/13/keys/new")).text)
        form = {"csrf": csrf, "name": "the shop", "scopes": ["orders:write"]}
        answers = [await http.post("/accounts/13/keys/new", data=form) for _ in range(2)]
        assert {"oc_a-secret-that-is-shown-once" in answer.text for answer in answers} == {True}
        assert len(shop.records.done) == 1


async def test_a_refused_key_keeps_what_was_typed() -> None:
    shop = Shop(records=Records(refuse=(422, "the account has 20 keys")))
    async with reading(shop) as http:
        await log_in(http, "adam")
        csrf = csrf_in((await http.get("/accounts")).text)
        form = {"csrf": csrf, "name": "the shop", "scopes": ["orders:write", "views:write"], "days": "90"}
        answer = await http.post("/accounts/13/keys/new", data=form)
        assert answer.status_code == 422
        assert "the account has 20 keys" in answer.text
        assert 'value="the shop"' in answer.text
        assert 'value="orders:write" checked' in answer.text
        assert '<option value="90" selected>' in answer.text


async def test_who_types_another_nickname_erases_nothing(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in("adam", at="/accounts/11/erase")
        await reader.page.fill("#nickname", "anna")
        await reader.page.click("button.main")
        assert "what you typed is not the nickname" in await reader.page.inner_text("main")
        assert await reader.page.input_value("#nickname") == "anna"
        await reader.picture("account-erase")
        assert await reader.violations() == []
        assert shop.records.done == []


async def test_the_own_account_is_not_erased_here() -> None:
    me = {
        "id": OPERATOR_ID,
        "email": "adam@shop.example",
        "nickname": "adam",
        "role": "ADMIN",
        "login_type": "PASSWORD",
    }
    async with reading(Shop(predictions=Predictions(accounts=[me]))) as http:
        await log_in(http, "adam")
        page = (await http.get(f"/accounts/{OPERATOR_ID}/erase")).text
        assert "This is your own account" in page
        assert "Erase it for good" not in page


async def test_all_that_is_kept_of_a_person_comes_as_a_file_for_admins() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "adam")
        answer = await http.get("/accounts/11/export.ndjson")
        assert answer.headers["content-disposition"] == 'attachment; filename="account-11.ndjson"'
        assert [line[:7] for line in answer.text.splitlines()] == ['{"kind"', '{"kind"']
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        assert (await http.get("/accounts/11/export.ndjson")).status_code == 403


async def test_an_export_that_cannot_be_begun_is_a_page_that_says_why() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "adam")
        shop.down = {"order_api"}
        answer = await http.get("/accounts/11/export.ndjson")
        assert answer.status_code == 502
        assert "order_api did not bring this" in answer.text


async def test_empty_and_missing_states_say_what_to_do(open_reader: Any) -> None:
    async with console_of(Shop(predictions=Predictions(accounts=[]))) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/accounts")
        assert "ordercast import orders FILE" in await reader.page.inner_text("main")
        assert await reader.violations() == []
        await reader.page.goto(f"{address}/accounts?search=nobody")
        assert "No account is such a one" in await reader.page.inner_text("main")
        await reader.page.goto(f"{address}/accounts/999")
        assert "There is no such account" in await reader.page.inner_text("main")
        assert await reader.violations() == []
