"""Lines of the audit log as a person reads them."""

from datetime import UTC, datetime

from rich.console import Console

from ordercast.cli.audit import table
from ordercast.client.account_answers import AuditLine


def test_details_are_words_also_where_they_are_several() -> None:
    details = {"scopes": ["orders:read", "imports"], "api_key": 5}
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table([AuditLine(1, "api-key-made", 4, "accounts/2", "127.0.0.1", None, details, moment)]))
    assert captured.get().rstrip().endswith("scopes orders:read imports, api_key 5")
