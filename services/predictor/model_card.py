"""A version's card: all that its manifest says, as one page without a script and without any host but its own."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from ordercast.contracts.demand_manifest import Boosting, DemandManifest, Question, QuestionRecord
from ordercast.contracts.diagnostics import COVERED_LEVEL, Curves, Diagnostics
from ordercast.contracts.model_manifest import ModelManifest
from ordercast.services.predictor.card_charts import Series, chart
from ordercast.services.predictor.card_page import Cell, Content, element, facts, number, page, table
from ordercast.services.predictor.card_words import ENGLISH, Say, group_words
from ordercast.services.predictor.describe_models import AnyManifest

_ASKS: Final[dict[Question, str]] = {
    "pair": "Pairs: does an account order a product within {horizon} days, and how many pieces?",
    "line": "Order lines: how many pieces has the next line of a pair?",
    "product": "Products: how many pieces are ordered in each of the next {weeks} weeks?",
}


# Of what a manifest says in a sentence.
_IN_ENGLISH: Final = {"lang": "en"}


def model_card(manifest: AnyManifest, say: Say = ENGLISH) -> bytes:
    """The page, in UTF-8. What the manifest says in sentences stays English, and is marked as such."""
    sections = _of_demand(say, manifest) if isinstance(manifest, DemandManifest) else _of_baseline(say, manifest)
    title = say("Model card of {version}", version=manifest.version)
    return page(title, [*_head(say, title, manifest), *sections, *_made_with(say, manifest)], say.language)


def _head(say: Say, title: str, manifest: AnyManifest) -> Iterator[Element]:
    yield element("h1", title)
    name = manifest.recipe if isinstance(manifest, DemandManifest) else manifest.recipe.name
    moment = f"{manifest.created_at:%Y-%m-%d %H:%M} UTC"
    yield element("p", say("Recipe {name}, trained {moment}.", name=name, moment=moment))
    if isinstance(manifest, DemandManifest):
        yield element("p", manifest.judgement, **_IN_ENGLISH)
        warnings: Sequence[str] = manifest.warnings
    elif manifest.judgement:
        yield element("p", manifest.judgement.reason, **_IN_ENGLISH)
        warnings = manifest.judgement.warnings
    else:
        yield element("p", say("What it is worth was not judged."))
        warnings = ()
    if warnings:
        yield element(
            "ul", *(element("li", f"Warning: {warning}", class_="bad", **_IN_ENGLISH) for warning in warnings)
        )


def _of_demand(say: Say, manifest: DemandManifest) -> Iterator[Element]:
    data = manifest.data
    yield element("h2", say("Data and recipe"))
    yield facts(
        [
            (say("rows of activity"), data.rows),
            (say("span"), say("{first} until {until} (not used any more)", first=data.first_day, until=data.until)),
            (say("digest (SHA-256)"), data.digest),
            (say("seed"), manifest.seed),
            (say("horizon"), say("{days} days", days=manifest.horizon_days)),
        ]
    )
    yield _table(
        say,
        ["question", "features", "layers", "heads", "networks", "epochs", "batch", "rate", "learned from", "held out"],
        [
            (
                say(name),
                len(one.features),
                ", ".join(map(str, one.hidden)),
                element("code", ", ".join(one.heads)),
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
        words = say(_ASKS[name], horizon=manifest.horizon_days, weeks=manifest.weeks)
        yield element("h2", words)
        yield element("p", one.judgement, **_IN_ENGLISH)
        if one.boosting:
            yield element("p", _blend(say, one.boosting))
        yield from _scores(say, one)
        if tables := manifest.diagnostics.get(name):
            yield from _tables(say, tables, one.members)
        else:
            yield element("p", say("A version from before cards: it kept no curves and tables."), class_="dim")
        yield _features(say, one)


def _blend(say: Say, boosting: Boosting) -> str:
    rows = number(boosting.chosen_on)
    if not boosting.weight:
        blended = say(
            "Boosted trees made the networks no better and have no share (chosen on {rows} earlier held-out rows).",
            rows=rows,
        )
    else:
        blended = say(
            "The mean is {share} that of {trees} boosted trees, the rest the networks' (chosen on {rows} earlier held-out rows).",
            share=f"{boosting.weight:.0%}",
            trees=boosting.trees,
            rows=rows,
        )
    if not boosting.level_weight:
        return blended
    share = f"{boosting.level_weight:.0%}"
    if boosting.holds_back:
        return f"{blended} {say('{share} of it is the feature {feature} itself.', share=share, feature=boosting.holds_back)}"
    return f"{blended} {say('{share} of it is the level itself.', share=share)}"


def _scores(say: Say, record: QuestionRecord) -> Iterator[Element]:
    yield element("h3", say("Beside other answers, on the rows held out"))
    yield _table(
        say,
        ["answer", "deviance", "unclipped", "mae", "wape", "said/sold", "networks are better by"],
        [
            (
                say(score.name),
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
    clip = say(
        "Targets over {clip} pieces, or twice the row's own level if that is more, count as that, but for unclipped.",
        clip=number(record.clip),
    )
    alone = say("The serving version is judged on those rows alone from which it has not learned.")
    yield element("p", f"{clip} {alone}", class_="dim")
    if record.order_scores:
        scores = record.order_scores
        yield element(
            "p",
            say(
                "Probability of an order: AUC {auc}, average precision {precision}, Brier score {brier}.",
                auc=f"{scores.auc:.3f}",
                precision=f"{scores.average_precision:.3f}",
                brier=f"{scores.brier:.4f}",
            ),
        )


def _of_baseline(say: Say, manifest: ModelManifest) -> Iterator[Element]:
    data, recipe, metrics, judgement = manifest.data, manifest.recipe, manifest.metrics, manifest.judgement
    yield element("h2", say("Data and recipe"))
    yield facts(
        [
            (say("feature rows with an order"), data.rows),
            (
                say("span"),
                ", ".join(
                    say(
                        "{partition} up to {offset}",
                        partition=f"{one.topic}/{one.partition}",
                        offset=f"{one.next_offset:,}",
                    )
                    for one in data.positions
                ),
            ),
            (say("digest (SHA-256)"), data.digest),
            (say("seed"), manifest.seed),
            (say("layers"), ", ".join(f"{layer.units} {layer.activation}" for layer in recipe.layers)),
            (say("networks"), recipe.members),
            (say("epochs"), recipe.epochs),
            (say("batch"), recipe.batch_size),
            (say("learning rate"), recipe.learning_rate),
            (say("loss"), say("{loss}, by {optimiser}", loss=recipe.loss, optimiser=recipe.optimiser)),
        ]
    )
    yield element("h2", say("Quantity by view count"))
    yield element("h3", say("Beside other answers, on {rows} rows held out", rows=f"{metrics.holdout_rows:,}"))
    errors = (("ensemble", metrics.ensemble), ("the mean", metrics.mean), ("a straight line", metrics.line))
    deviances = {"ensemble": judgement.deviance, "the mean": judgement.mean_deviance} if judgement else {}
    yield _table(
        say,
        ["answer", "deviance", "mse", "mae"],
        [(say(name), deviances.get(name), one.mse, one.mae) for name, one in errors],
    )
    if manifest.diagnostics:
        yield from _tables(say, manifest.diagnostics, recipe.members)
    else:
        yield element("p", say("A version from before cards: it kept no curves and tables."), class_="dim")


def _tables(say: Say, tables: Diagnostics, members: int) -> Iterator[Element]:
    """What the training kept of one question."""
    dead = ", ".join(str(member + 1) for member in tables.collapsed)
    if dead:
        said = say(
            "{count} of {members} networks answer a constant: {numbers} (dashed).",
            count=len(tables.collapsed),
            members=members,
            numbers=dead,
        )
        yield element("p", said, class_="bad")
    else:
        yield element("p", say("None of the {members} networks answers a constant.", members=members))
    charts = [
        _curves(say, say("Loss by epoch, a line for each network"), tables.curves, tables.curves.loss, tables.collapsed)
    ]
    if tables.curves.val_loss:
        charts.append(
            _curves(say, say("Loss on watched rows"), tables.curves, tables.curves.val_loss, tables.collapsed)
        )
    if tables.reliability:
        charts.append(
            chart(
                say("P(order): share that ordered by probability said; dashed: as said"),
                say("probability said"),
                [
                    Series("even", [(0.0, 0.0), (1.0, 1.0)]),
                    Series("member", [(group.said, group.ordered) for group in tables.reliability], dots=True),
                ],
                from_zero=True,
            )
        )
    charts += [
        chart(
            say("Mean answer by {feature}", feature=one.feature),
            one.feature,
            [Series("member", list(zip(one.values, one.expected, strict=True)), dots=True)],
        )
        for one in tables.dependence
    ]
    yield element("h3", say("Curves"))
    yield element("div", *charts, class_="charts")
    yield from _by_group(say, tables)


def _by_group(say: Say, tables: Diagnostics) -> Iterator[Element]:
    if tables.reliability:
        yield element("h3", say("Calibration of P(order)"))
        yield _table(
            say,
            ["probability", "rows", "said", "ordered"],
            [(_range(say, one.low, one.high), one.rows, one.said, one.ordered) for one in tables.reliability],
        )
    if tables.coverage:
        yield element(
            "h3",
            say(
                "Rows inside intervals of {level}, made of the other half of the accounts", level=f"{COVERED_LEVEL:.0%}"
            ),
        )
        yield _table(
            say,
            ["group", "rows", "inside"],
            [(group_words(say, one.group), one.rows, f"{one.inside:.1%}") for one in tables.coverage],
        )
    if tables.residuals:
        yield element("h3", say("Residuals: real less said pieces, by what was said"))
        yield _table(
            say,
            ["said", "rows", "mean said", "mean real", "5 %", "median", "95 %"],
            [
                (
                    _range(say, one.low, one.high),
                    *(one.rows, one.said, one.real, one.q05, one.median, one.q95),
                )
                for one in tables.residuals
            ],
        )
    if tables.influential:
        yield element("h3", say("Rows that make up most of the unclipped deviance"))
        yield _table(
            say,
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


def _curves(
    say: Say, title: str, curves: Curves, losses: Sequence[Sequence[float | None]], collapsed: Sequence[int]
) -> Element:
    series = [
        Series(
            "collapsed" if member in collapsed else "member",
            [(float(epoch), loss) for epoch, loss in zip(curves.epochs, of_member, strict=True) if loss is not None],
            title=say("network {number}", number=member + 1),
        )
        for member, of_member in enumerate(losses)
    ]
    return chart(title, say("epoch"), series)


def _table(say: Say, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Element:
    return table([say(head) for head in heads], rows)


def _range(say: Say, low: float, high: float | None) -> str:
    if high is None:
        return say("{low} or more", low=f"{low:g}")
    return say("{low} to {high}", low=f"{low:g}", high=f"{high:g}")


def _features(say: Say, record: QuestionRecord) -> Element:
    content: list[Content] = [
        element("summary", say("{count} features", count=len(record.features))),
        element("code", ", ".join(record.features)),
    ]
    return element("details", *content)


def _made_with(say: Say, manifest: AnyManifest) -> Iterator[Element]:
    yield element("h2", say("Made with"))
    yield facts([*manifest.libraries.items(), (say("training"), manifest.training_id)])
    yield element("h3", say("Files (SHA-256)"))
    yield facts((name, entry.sha256) for name, entry in manifest.files.items())
