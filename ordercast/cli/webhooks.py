"""`ordercast webhooks`: events that are posted to a URL, and what became of each."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, printable, several_commands
from ordercast.client.webhook_answers import Delivery, Webhook
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("Post events to a URL as they come, signed by Standard Webhooks.")

State = Literal["WAITING", "DELIVERED", "FAILED"]
WebhookId = Annotated[int, typer.Argument(metavar="WEBHOOK_ID", min=1, help="As `list` shows it.")]
OfState = Annotated[
    State | None, typer.Option(help="Only those that wait, were delivered or failed.", show_default=False)
]


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def create(
    context: Context,
    url: Annotated[str, typer.Argument(help="Where events are posted to, such as https://shop.example/hook.")],
    event: Annotated[
        list[str], typer.Option("--type", help="Of these events, such as order.placed; several times for several.")
    ],
) -> None:
    """Post events that come from now on, and show the secret that they are signed with, this once."""
    async with open_access(context.target()) as access:
        webhook = await access.admin.order_api.create_webhook(url, event)
    context.result(webhook, f"webhook {webhook.id} to {webhook.url}: {webhook.secret}")


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(context: Context) -> None:
    """Show all webhooks, without their secrets."""
    async with open_access(context.target()) as access:
        webhooks = [webhook async for webhook in access.admin.order_api.webhooks()]
    context.result(webhooks, table(webhooks))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def show(context: Context, webhook_id: WebhookId) -> None:
    """Show one webhook, without its secret."""
    async with open_access(context.target()) as access:
        webhook = await access.admin.order_api.webhook(webhook_id)
    context.result(webhook, table([webhook]))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def rotate(
    context: Context,
    webhook_id: WebhookId,
    overlap: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=0, help="How long the old secret signs, too; a day, if not given."),
    ] = None,
) -> None:
    """Give a webhook a new secret, shown this once; the old one signs, too, for a while."""
    async with open_access(context.target()) as access:
        webhook = await access.admin.order_api.rotate_webhook(webhook_id, overlap_s=overlap)
    context.result(webhook, f"webhook {webhook.id} to {webhook.url}: {webhook.secret}")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def pause(context: Context, webhook_id: WebhookId) -> None:
    """Send nothing for now; what comes meanwhile is kept."""
    async with open_access(context.target()) as access:
        webhook = await access.admin.order_api.change_webhook(webhook_id, paused=True)
    context.result(webhook, f"webhook {webhook.id} pauses")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def resume(context: Context, webhook_id: WebhookId) -> None:
    """Let a webhook that pauses go on, with what was kept."""
    async with open_access(context.target()) as access:
        webhook = await access.admin.order_api.change_webhook(webhook_id, paused=False)
    context.result(webhook, f"webhook {webhook.id} goes on")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def delete(context: Context, webhook_id: WebhookId) -> None:
    """End a webhook for good, with what is still to be sent."""
    async with open_access(context.target()) as access:
        await access.admin.order_api.delete_webhook(webhook_id)
    context.result({"id": webhook_id}, f"webhook {webhook_id} is deleted")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def deliveries(
    context: Context,
    webhook_id: WebhookId,
    only: OfState = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
) -> None:
    """Show what was and is to be sent, the newest first, and what was answered."""
    found: list[Delivery] = []
    async with open_access(context.target()) as access:
        async for delivery in access.admin.order_api.deliveries(webhook_id, state=only):
            found.append(delivery)
            if len(found) == limit:
                break
    context.result(found, deliveries_table(found))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def replay(
    context: Context,
    webhook_id: WebhookId,
    delivery: Annotated[
        int | None, typer.Option(min=1, help="This one, as `deliveries` shows it.", show_default=False)
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Those that came at this time (UTC) or later.", show_default=False)
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="And before this one.", show_default=False)] = None,
    only: OfState = None,
) -> None:
    """Send a delivery once more, or all of a span, whatever came of them before."""
    if (delivery is None) == (since is None) or (delivery is not None and (until or only)):
        raise CommandFailed("say which deliveries", hint="--delivery alone, or --since with --until and --only")
    async with open_access(context.target()) as access:
        order_api = access.admin.order_api
        if delivery is not None:
            count = await order_api.replay_delivery(webhook_id, delivery)
        elif since is not None:
            until = until and until.replace(tzinfo=UTC)
            count = await order_api.replay_deliveries(webhook_id, since.replace(tzinfo=UTC), until=until, state=only)
    context.result({"replayed": count}, f"{count} deliveries are sent once more")


def table(webhooks: list[Webhook]) -> Table | str:
    """The webhooks as lines to read."""
    if not webhooks:
        return "there are no webhooks"
    shown = Table("id", "url", "events", "", box=None, pad_edge=False, header_style="bold")
    for webhook in webhooks:
        shown.add_row(str(webhook.id), Text(webhook.url), " ".join(webhook.event_types), _state(webhook))
    return shown


def _state(webhook: Webhook) -> str:
    paused = f"paused {webhook.paused_at:%Y-%m-%d %H:%M} ({webhook.pause_reason})" if webhook.paused_at else ""
    failing = f"failing since {webhook.failing_since:%Y-%m-%d %H:%M}" if webhook.failing_since else ""
    return ", ".join(filter(None, (paused, failing)))


def deliveries_table(found: list[Delivery]) -> Table | str:
    """The deliveries as lines to read."""
    if not found:
        return "no delivery is like that"
    shown = Table(
        *("id", "event", "noted (UTC)", "state", "attempts", "answer"), box=None, pad_edge=False, header_style="bold"
    )
    for delivery in found:
        answer = " ".join(str(part) for part in (delivery.answer_status, delivery.answer) if part)
        shown.add_row(
            str(delivery.id),
            delivery.event_type,
            f"{delivery.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            delivery.state,
            str(delivery.attempts),
            Text(printable(answer)),
        )
    return shown
