"""A version's card: all that its manifest says, as one page without a script and without any host but its own."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from ordercast.contracts.demand_manifest import Boosting, DemandManifest, Question, QuestionRecord
from ordercast.contracts.diagnostics import COVERED_LEVEL, Curves, Diagnostics
from ordercast.contracts.model_manifest import ModelManifest
from ordercast.services.predictor.card_charts import Series, chart
from ordercast.services.predictor.card_page import Content, element, facts, number, page, table
from ordercast.services.predictor.describe_models import AnyManifest

_ASKS: Final[dict[Question, str]] = {
    "pair": "Pairs: does an account order a product within {horizon} days, and how many pieces?",
    "line": "Order lines: how many pieces has the next line of a pair?",
    "product": "Products: how many pieces are ordered in each of the next {weeks} weeks?",
}


def model_card(manifest: AnyManifest) -> bytes:
    """The page, in UTF-8."""
    sections = _of_demand(manifest) if isinstance(manifest, DemandManifest) else _of_baseline(manifest)
    return page(f"Model card of {manifest.version}", [*_head(manifest), *sections, *_made_with(manifest)])


def _head(manifest: AnyManifest) -> Iterator[Element]:
    yield element("h1", f"Model card of {manifest.version}")
    name = manifest.recipe if isinstance(manifest, DemandManifest) else manifest.recipe.name
    yield element("p", f"Recipe {name}, trained {manifest.created_at:%Y-%m-%d %H:%M} UTC.")
    if isinstance(manifest, DemandManifest):
        yield element("p", manifest.judgement)
        warnings: Sequence[str] = manifest.warnings
    else:
        yield element("p", manifest.judgement.reason if manifest.judgement else "What it is worth was not judged.")
        warnings = manifest.judgement.warnings if manifest.judgement else ()
    if warnings:
        yield element("ul", *(element("li", f"Warning: {warning}", class_="bad") for warning in warnings))


def _of_demand(manifest: DemandManifest) -> Iterator[Element]:
    data = manifest.data
    yield element("h2", "Data and recipe")
    yield facts(
        [
            ("rows of activity", data.rows),
            ("span", f"{data.first_day} until {data.until} (not used any more)"),
            ("digest (SHA-256)", data.digest),
            ("seed", manifest.seed),
            ("horizon", f"{manifest.horizon_days} days"),
        ]
    )
    yield table(
        ["question", "features", "layers", "heads", "networks", "epochs", "batch", "rate", "learned from", "held out"],
        [
            (
                name,
                len(one.features),
                ", ".join(map(str, one.hidden)),
                ", ".join(one.heads),
                one.members,
                one.epochs,
                one.batch_size,
                one.learning_rate,
                one.rows,
                one.held_out,
            )
            for name, one in manifest.questions.items()
        ],
    )
    for name, one in manifest.questions.items():
        words = _ASKS[name].format(horizon=manifest.horizon_days, weeks=manifest.weeks)
        yield element("h2", words)
        yield element("p", one.judgement)
        if one.boosting:
            yield element("p", _blend(one.boosting))
        yield from _scores(one)
        if tables := manifest.diagnostics.get(name):
            yield from _tables(tables, one.members)
        else:
            yield element("p", "A version from before cards: it kept no curves and tables.", class_="dim")
        yield _features(one)


def _blend(boosting: Boosting) -> str:
    chosen = f"chosen on {number(boosting.chosen_on)} earlier held-out rows"
    if not boosting.weight:
        return f"The networks answer alone: boosted trees made them no better ({chosen})."
    held_by = f"the feature {boosting.holds_back}" if boosting.holds_back else "the level"
    held_back = f" {boosting.level_weight:.0%} of it is {held_by} itself." if boosting.level_weight else ""
    return (
        f"The mean is {boosting.weight:.0%} that of {boosting.trees} boosted trees, the rest the networks' ({chosen})."
        f"{held_back}"
    )


def _scores(record: QuestionRecord) -> Iterator[Element]:
    yield element("h3", "Beside other answers, on the rows held out")
    yield table(
        ["answer", "deviance", "unclipped", "mae", "wape", "said/sold", "networks are better by"],
        [
            (
                score.name,
                score.deviance,
                score.unclipped,
                score.mae,
                score.wape,
                score.said,
                f"{record.better_than[score.name]:+.1%}" if score.name in record.better_than else "",
            )
            for score in record.scores
        ],
    )
    yield element("p", f"Targets over {number(record.clip)} pieces count as that, but for unclipped.", class_="dim")
    if record.order_scores:
        scores = record.order_scores
        yield element(
            "p",
            f"Probability of an order: AUC {scores.auc:.3f}, average precision {scores.average_precision:.3f}, "
            f"Brier score {scores.brier:.4f}.",
        )


def _of_baseline(manifest: ModelManifest) -> Iterator[Element]:
    data, recipe, metrics, judgement = manifest.data, manifest.recipe, manifest.metrics, manifest.judgement
    yield element("h2", "Data and recipe")
    yield facts(
        [
            ("feature rows with an order", data.rows),
            ("span", ", ".join(f"{one.topic}/{one.partition} up to {one.next_offset:,}" for one in data.positions)),
            ("digest (SHA-256)", data.digest),
            ("seed", manifest.seed),
            ("layers", ", ".join(f"{layer.units} {layer.activation}" for layer in recipe.layers)),
            ("networks", recipe.members),
            ("epochs", recipe.epochs),
            ("batch", recipe.batch_size),
            ("learning rate", recipe.learning_rate),
            ("loss", f"{recipe.loss}, by {recipe.optimiser}"),
        ]
    )
    yield element("h2", "Quantity by view count")
    yield element("h3", f"Beside other answers, on {metrics.holdout_rows:,} rows held out")
    errors = (("ensemble", metrics.ensemble), ("the mean", metrics.mean), ("a straight line", metrics.line))
    deviances = {"ensemble": judgement.deviance, "the mean": judgement.mean_deviance} if judgement else {}
    yield table(
        ["answer", "deviance", "mse", "mae"], [(name, deviances.get(name), one.mse, one.mae) for name, one in errors]
    )
    if manifest.diagnostics:
        yield from _tables(manifest.diagnostics, recipe.members)
    else:
        yield element("p", "A version from before cards: it kept no curves and tables.", class_="dim")


def _tables(tables: Diagnostics, members: int) -> Iterator[Element]:
    """What the training kept of one question."""
    dead = ", ".join(str(member + 1) for member in tables.collapsed)
    said = f"{len(tables.collapsed)} of {members} networks answer a constant: {dead} (dashed)." if dead else ""
    yield element(
        "p", said or f"None of the {members} networks answers a constant.", **({"class_": "bad"} if said else {})
    )
    charts = [_curves("Loss by epoch, a line for each network", tables.curves, tables.curves.loss, tables.collapsed)]
    if tables.curves.val_loss:
        charts.append(_curves("Loss on watched rows", tables.curves, tables.curves.val_loss, tables.collapsed))
    if tables.reliability:
        charts.append(
            chart(
                "P(order): share that ordered by probability said; dashed: as said",
                "probability said",
                [
                    Series("even", [(0.0, 0.0), (1.0, 1.0)]),
                    Series("member", [(group.said, group.ordered) for group in tables.reliability], dots=True),
                ],
                from_zero=True,
            )
        )
    charts += [
        chart(
            f"Mean answer by {one.feature}",
            one.feature,
            [Series("member", list(zip(one.values, one.expected, strict=True)), dots=True)],
        )
        for one in tables.dependence
    ]
    yield element("h3", "Curves")
    yield element("div", *charts, class_="charts")
    yield from _by_group(tables)


def _by_group(tables: Diagnostics) -> Iterator[Element]:
    if tables.reliability:
        yield element("h3", "Calibration of P(order)")
        yield table(
            ["probability", "rows", "said", "ordered"],
            [(f"{one.low:g} to {one.high:g}", one.rows, one.said, one.ordered) for one in tables.reliability],
        )
    if tables.coverage:
        yield element("h3", f"Rows inside intervals of {COVERED_LEVEL:.0%}, made of the other half of the accounts")
        yield table(
            ["group", "rows", "inside"], [(one.group, one.rows, f"{one.inside:.1%}") for one in tables.coverage]
        )
    if tables.residuals:
        yield element("h3", "Residuals: real less said pieces, by what was said")
        yield table(
            ["said", "rows", "mean said", "mean real", "5 %", "median", "95 %"],
            [
                (
                    f"{one.low:g} or more" if one.high is None else f"{one.low:g} to {one.high:g}",
                    *(one.rows, one.said, one.real, one.q05, one.median, one.q95),
                )
                for one in tables.residuals
            ],
        )
    if tables.influential:
        yield element("h3", "Rows that make up most of the unclipped deviance")
        yield table(
            ["day", "account", "product", "said", "real", "share"],
            [
                (
                    str(one.day or "-"),
                    *(str(key) if key is not None else "-" for key in (one.account_id, one.product_id)),
                    one.answer,
                    one.target,
                    f"{one.share:.1%}",
                )
                for one in tables.influential
            ],
        )


def _curves(title: str, curves: Curves, losses: Sequence[Sequence[float | None]], collapsed: Sequence[int]) -> Element:
    series = [
        Series(
            "collapsed" if member in collapsed else "member",
            [(float(epoch), loss) for epoch, loss in zip(curves.epochs, of_member, strict=True) if loss is not None],
            title=f"network {member + 1}",
        )
        for member, of_member in enumerate(losses)
    ]
    return chart(title, "epoch", series)


def _features(record: QuestionRecord) -> Element:
    content: list[Content] = [element("summary", f"{len(record.features)} features"), ", ".join(record.features)]
    return element("details", *content)


def _made_with(manifest: AnyManifest) -> Iterator[Element]:
    yield element("h2", "Made with")
    yield facts([*manifest.libraries.items(), ("training", manifest.training_id)])
    yield element("h3", "Files (SHA-256)")
    yield facts((name, entry.sha256) for name, entry in manifest.files.items())
