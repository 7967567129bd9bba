"""What pages load is kept by a browser until it changes, and no longer."""

import re

from ordercast.services.console.static_files import static
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_services import Shop


async def test_a_page_s_files_are_kept_by_their_content() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', (await http.get("/forecasts/3")).text))
        assert static("console.css") in files
        for file in files:
            assert re.search(r"\?v=[0-9a-f]{12}$", file)
            answer = await http.get(file)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]


async def test_a_file_by_another_address_is_asked_for_again() -> None:
    """Such as by a page that was open over an update: what comes is this release's, and not kept under that name."""
    async with reading(Shop()) as http:
        for address in ("/static/console.css", "/static/console.css?v=000000000000"):
            answer = await http.get(address)
            assert answer.headers["cache-control"] == "no-cache"
            again = await http.get(address, headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
        assert (await http.get("/static/none.css")).status_code == 404
