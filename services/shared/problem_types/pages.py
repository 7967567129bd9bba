"""The page of a kind of problem, for people as HTML or Markdown, and for programs as JSON."""

from html import escape
from typing import Any

from ordercast.services.shared.html_page import html_page, prose
from ordercast.services.shared.problem_types.problem_type import ProblemType


def as_html(kind: ProblemType) -> str:
    """A page that has no script and loads nothing."""
    parts = [
        f"<h1>{escape(kind.title)}</h1>",
        f"<p>Status {kind.status}, <code>type</code> <code>{escape(kind.address)}</code></p>",
        f"<h2>What happened</h2>\n<p>{prose(kind.happened)}</p>",
        f"<h2>What to do</h2>\n<p>{prose(kind.remedy)}</p>",
    ]
    if kind.retry_after is not None:
        parts.append(f"<p>{prose(repeatable(kind.retry_after))}</p>")
    return html_page(kind.title, parts)


def as_markdown(kind: ProblemType, level: int = 1) -> str:
    heading = "#" * level
    blocks = [
        f"{heading} {kind.slug}",
        f"**{kind.title}.** Status {kind.status}, `type` `{kind.address}`.",
        f"What happened: {kind.happened}",
        f"What to do: {kind.remedy}",
        *([repeatable(kind.retry_after)] if kind.retry_after is not None else []),
    ]
    return "\n\n".join(blocks) + "\n"


def as_json(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": kind.address,
        "status": kind.status,
        "title": kind.title,
        "what_happened": kind.happened,
        "what_to_do": kind.remedy,
        "retry_after": kind.retry_after,
    }


def repeatable(seconds: int) -> str:
    unit = "second" if seconds == 1 else "seconds"
    return f"The same request may succeed later. `Retry-After` says when; if nothing better is known, after {seconds} {unit}."
