"""The tables of `make quality` as Markdown."""

from collections.abc import Sequence

from ordercast.quality.questions import Answered, Judged


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(name: str, answered: Answered, cancelled: bool) -> str:
    """A question's rows in words, and its tables."""
    left = "taken off" if cancelled else "left in, as most studies of the file do"
    parts = [
        f"### {name}, cancelled pieces {left}",
        f"Learned from {answered.learned:,} rows, judged on {answered.judged:,}, of which {answered.ordered:,} have pieces "
        f"({answered.pieces:,}). Deviance: Poisson, targets clipped at {answered.clip:,.0f}.",
        table(
            (
                "answer",
                "deviance",
                "more than the best",
                "mae",
                "WAPE",
                "pieces said / sold",
                "one row's share unclipped",
            ),
            [_line(judged) for judged in answered.opponents],
        ),
    ]
    if answered.probabilities:
        rows = [
            (name, f"{scores.auc:.3f}", f"{scores.average_precision:.3f}", f"{scores.brier:.4f}")
            for name, scores in answered.probabilities
        ]
        parts.append(table(("probability of an order", "AUC", "average precision", "Brier"), rows))
    return "\n\n".join(parts)


def _line(judged: Judged) -> tuple[str, ...]:
    scores, against, row = judged.scores, judged.against, judged.influential
    difference = f"{against.mean:+.2f} ({against.low:+.2f} to {against.high:+.2f})" if against.mean else "best"
    return (
        judged.name,
        f"{scores.deviance:.2f}",
        difference,
        f"{scores.mae:.2f}",
        f"{scores.wape:.3f}",
        f"{scores.bias + 1:.2f}",
        f"{row.share:.0%} ({row.target:,} pieces)",
    )
