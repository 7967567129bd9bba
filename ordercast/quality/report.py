"""The tables of `make quality` as Markdown."""

import re
from collections.abc import Mapping, Sequence

from ordercast.quality.questions import Answered, Judged
from ordercast.services.trainer.demand_networks.demand_fit import TrainedDemand


def replaced(text: str, sections: Mapping[str, str]) -> str:
    """A document with the sections of these titles in place of its own, and those it does not have yet at its end."""
    head, *old = re.split(r"^## ", text, flags=re.MULTILINE)
    kept = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in old}
    kept |= sections
    return "\n\n".join([head.strip(), *(f"## {title}\n\n{body.strip()}" for title, body in kept.items())]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(title: str, answered: Answered) -> str:
    """A question's rows in words, and its tables."""
    parts = [
        f"### {title}",
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
    if answered.networks:
        parts.append(_training(answered.networks))
    return "\n\n".join(parts)


def _training(trained: TrainedDemand) -> str:
    """How the networks' training went."""
    again = sum(attempts > 0 for attempts in trained.attempts)
    first, last = ([losses[epoch] for losses in trained.loss] for epoch in (0, -1))
    return (
        f"Of {len(trained.loss)} networks {again} answered a constant and were trained again, {len(trained.collapsed)} still do. "
        f"Loss, mean of all: {sum(first) / len(first):.4f} in the first epoch, {sum(last) / len(last):.4f} in the last."
    )


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
