"""A difference is seen, whichever way an operation differs from the table."""

import pytest

from ordercast.services.shared.http.access import parse
from tests.security.callers import judged as judge
from tests.security.findings import Finding

TABLE = """
                  CUSTOMER SERVICE OPERATOR ADMIN scope
GET /closed       none     any     any      any   x
GET /open         open
GET /orders       own      any     any      any   orders:read
GET /both    open own      any     any      any   x
"""
AS_IT_SAYS = {
    "/closed": {"nobody": 401, "forged": 401, "key": 403}
    | {"CUSTOMER": 403, "SERVICE": 200, "OPERATOR": 404, "ADMIN": 422},
    "/orders": {"nobody": 401, "forged": 401, "key": 200}
    | {"CUSTOMER": 200, "SERVICE": 200, "OPERATOR": 404, "ADMIN": 422},
    "/open": {"nobody": 200},
    "/both": {"nobody": 200, "forged": 401, "CUSTOMER": 404, "SERVICE": 200, "OPERATOR": 200, "ADMIN": 200},
}


def judged(path: str, **changed: int) -> str:
    operation = ("GET", path)
    return judge(operation, parse(TABLE)[operation], AS_IT_SAYS[path] | changed).difference


@pytest.mark.parametrize("path", AS_IT_SAYS)
def test_what_the_table_says_is_no_difference(path: str) -> None:
    assert judged(path) == ""


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/closed", "nobody", 200),
        ("/closed", "forged", 403),
        ("/closed", "CUSTOMER", 404),
        ("/closed", "SERVICE", 403),
        ("/closed", "ADMIN", 401),
        ("/closed", "key", 404),
        ("/orders", "key", 403),
        ("/orders", "key", 401),
        ("/open", "nobody", 401),
        ("/both", "forged", 404),
        ("/both", "CUSTOMER", 403),
    ],
)
def test_who_is_let_in_or_kept_out_otherwise_is(path: str, who: str, status: int) -> None:
    assert judged(path, **{who: status}) == who


def test_a_bound_that_is_passed_and_an_answer_that_is_another_one_are() -> None:
    assert Finding.bounded("", 10, 10, "bytes").difference == ""
    assert Finding.bounded("", 11, 10, "bytes").difference == "1 over"
    assert Finding.compared("", 401, 401).difference == ""
    assert Finding.compared("", 401, 200).difference
