"""docs/webhooks.md, followed to the letter, on a webhook of its own."""

import json
import shlex
from pathlib import Path
from typing import Final

from ordercast.services.order_api.feed.event_types import TOPICS
from ordercast.services.order_api.webhooks.schemas import EVENT_TYPES
from tests.integration.cli.conftest import Running
from tests.support.page_examples import examples

PAGE: Final = Path(__file__).parents[3] / "docs/webhooks.md"
# The id that the page has in all its examples.
OF_PAGE: Final = "1"


async def test_every_example_of_the_page_works(running: Running) -> None:
    webhook, done = "", list[str]()
    for example in examples(PAGE):
        program, group, command, *arguments = shlex.split(example.text)
        assert (program, group) == ("ordercast", "webhooks")
        if command not in ("create", "list"):
            assert arguments[0] == OF_PAGE
            arguments[0] = webhook
        result = await running.run(group, command, *arguments, "--json")
        assert result.exit_code == 0, (example.text, result.output)
        answer = json.loads(result.stdout)
        if command == "create":
            webhook = str(answer["id"])
        if command in ("create", "rotate"):
            assert answer["secret"].startswith("whsec_")
        if command in ("pause", "resume"):
            assert (answer["paused_at"] is None) == (command == "resume")
        done.append(command)
    assert done == ["create", "list", "show", "deliveries", "pause", "resume", "replay", "rotate", "delete"]
    gone = await running.run("webhooks", "show", webhook)
    assert (gone.exit_code, "there is no webhook" in gone.stderr) == (1, True)


async def test_people_read_tables_and_no_secret(running: Running) -> None:
    made = json.loads(
        (await running.run("webhooks", "create", "https://a.example/", "--type", "order.placed", "--json")).stdout
    )
    listed = await running.run("webhooks", "list")
    assert "https://a.example/" in listed.stdout
    assert made["secret"] not in listed.stdout
    number = str(made["id"])
    assert (await running.run("webhooks", "deliveries", number)).stdout == "no delivery is like that\n"
    for wrong in (("replay", number), ("replay", number, "--delivery", "1", "--only", "FAILED")):
        refused = await running.run("webhooks", *wrong)
        assert (refused.exit_code, "say which deliveries" in refused.stderr) == (1, True)
    assert (await running.run("webhooks", "delete", number)).exit_code == 0


def test_the_page_names_the_types_that_the_feed_has_and_webhooks_have_not() -> None:
    text = PAGE.read_text()
    assert all(f"`{name}`" in text for name in TOPICS.keys() - set(EVENT_TYPES))
