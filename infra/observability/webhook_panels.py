"""What the dashboard of the flow shows of webhooks."""

from typing import Final

from ordercast.infra.observability.panels import Panel, Query
from ordercast.infra.observability.queries import rate

WEBHOOKS: Final = [
    Panel(
        "Webhooks that pause",
        "No attempt has passed for a day (failing), or their maker may make none any more (maker).",
        "short",
        [Query("max by (reason) (ordercast_paused_webhooks)", "{{reason}}")],
        warn=1,
    ),
    Panel(
        "Webhooks' failures on this side",
        "Tries to note, send, forget or watch deliveries that failed here, not at a receiver.",
        "cps",
        [Query(f"sum by (work) ({rate('ordercast_webhook_failures_total')})", "{{work}}")],
    ),
]
