"""One question of a training of `demand`: its rows, its networks, and how these do on the rows held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import msgspec
import numpy as np

from ordercast.contracts.because import because
from ordercast.contracts.demand_manifest import MOST_WEEKS, FeatureBins, Question, QuestionRecord
from ordercast.contracts.demand_settings import QuestionSettings
from ordercast.contracts.diagnostics import Diagnostics
from ordercast.services.shared.demand.activity import Activity, Floats
from ordercast.services.shared.demand.conformal import FEWEST_IN_ALL
from ordercast.services.shared.demand.demand_model import QuestionModel
from ordercast.services.shared.demand.feature_drift import snapshot_of
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.load_demand_model import question_model
from ordercast.services.shared.demand.rows import Rows, line_rows, pair_rows, product_rows
from ordercast.services.shared.demand.seen import seen_in
from ordercast.services.trainer.demand_networks.demand_fit import MOST_ATTEMPTS, DemandFitRefused, TrainedDemand
from ordercast.services.trainer.demand_networks.demand_questions import DemandQuestion, question_of, train_question
from ordercast.services.trainer.demand_networks.seasons import learnable
from ordercast.services.trainer.demand_recipes import refuse_too_much_work
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.judging.boosted_level import Arrays
from ordercast.services.trainer.judging.opponents import NAIVE_LINES, NAIVE_PRODUCTS, Opponent, naive_pairs
from ordercast.services.trainer.judging.other_future import with_other_future
from ordercast.services.trainer.judging.scores import clip_of, clipped, row_clips
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked, OnNews
from ordercast.services.trainer.training.blend_products import Blend, blended
from ordercast.services.trainer.training.demand_periods import Periods, date_of, ended_before
from ordercast.services.trainer.training.diagnose import diagnose_question
from ordercast.services.trainer.training.judge_demand import JudgedQuestion, judge_question, naive_answers
from ordercast.services.trainer.training.messages import DemandJob


@dataclass(frozen=True, slots=True)
class TrainedQuestion:
    """The networks as they answer, the rows held out for them, and how they did on these; `trees` of a boosted member."""

    networks: TrainedDemand
    trees: Arrays
    model: QuestionModel
    record: QuestionRecord
    held: Rows
    judged: JudgedQuestion
    diagnostics: Diagnostics


@dataclass(frozen=True, slots=True)
class ServingQuestion:
    """The serving version's model. It learned from nothing that happened on `learned_until` (days since 1970-01-01) or later.

    `before`: it is to be asked by features as releases before made them.
    """

    model: QuestionModel
    learned_until: int
    before: bool = False


def train_demand_question(
    question: Question,
    job: DemandJob,
    activity: Activity,
    periods: Periods,
    serving: ServingQuestion | None,
    on_news: OnNews,
) -> TrainedQuestion:
    """Trains on the rows before those held out, and judges on these, beside the serving version's answers if there is one: on those
    that neither has learned from.

    Raises:
        UnusableTrainingSet: there is nothing to learn from, or nothing held out.
        BadRecipe: the recipe is too much work for so many rows.
    """
    learned, held = _enough_rows(question, job, activity, periods)
    clip, level = clip_of(learned), question_of(job.settings, question).level
    horizon_days = job.horizon_days if question == "pair" else None
    learned = clipped(learned, clip, level, horizon_days)
    most = float(learned.target.max())
    naive = naive_answers(_naive(question, job.horizon_days), learned, held, most)
    own: QuestionSettings = getattr(job.settings, question)
    narrow = learned.only(tuple(feature for feature in learnable(learned) if feature.name in own.features))
    del learned  # a large shop's rows are hundreds of MB, and the fit has copies of its own

    networks = _fit(question, job, narrow, most, on_news)
    snapshot = _snapshot(activity, periods.until, names(narrow.features)) if question == "pair" else ()
    record = _record(question_of(job.settings, question), narrow, len(held), clip, networks, snapshot)
    seen = seen_in(narrow.features, narrow.values, narrow.product_id)
    model = question_model(question, record, networks.arrays, seen, job.horizon_days)
    blend = _blend(question, job, model, narrow, held, clip)
    rows_judged = held
    if blend is not None:
        record = msgspec.structs.replace(record, boosting=blend.record, held_out=int(blend.judged.sum()))
        model = replace(model, boosted=blend.member)
        rows_judged = held.where(blend.judged)
        naive = {name: answer[blend.judged] for name, answer in naive.items()}
    record = msgspec.structs.replace(record, learned_until=_learned_until(held, blend))

    expected, said = answers_on(model, rows_judged)
    _refuse_no_numbers(question, expected)
    probability = said if "order" in record.heads else None
    unseen = rows_judged.moment >= serving.learned_until if serving else None
    served = None
    if serving and np.any(unseen):
        asked = _as_before(question, job, activity, periods, blend) if serving.before else rows_judged
        served = answers_on(serving.model, asked)[0]
    other = with_other_future(
        expected, lambda rows: answers_on(model, rows)[0], activity, rows_judged, rests=question != "pair"
    )
    clips = row_clips(rows_judged, clip, level, horizon_days)
    judged = judge_question(rows_judged, clips, expected, probability, naive, served, other, unseen)
    diagnostics = diagnose_question(networks, model, rows_judged, expected, probability)
    trees = blend.arrays if blend else {}
    return TrainedQuestion(networks, trees, model, _with_scores(record, judged), held, judged, diagnostics)


def _enough_rows(question: Question, job: DemandJob, activity: Activity, periods: Periods) -> tuple[Rows, Rows]:
    """Those to learn from and those held out. Raises UnusableTrainingSet or BadRecipe."""
    learned, held = question_rows(question, activity, periods, job.horizon_days)
    if not len(learned) or len(held) < FEWEST_IN_ALL:
        raise _too_few(question, len(learned), len(held), activity, periods.until, job.horizon_days)
    refuse_too_much_work(question, job.settings, len(learned))
    return learned, held


def _too_few(
    question: Question, learned: int, held: int, activity: Activity, until: int, horizon_days: int
) -> UnusableTrainingSet:
    """The reason, with the day up to which there is enough if the history ended before its last events."""
    values = {"question": question, "learned": learned, "held_out": held, "needed": FEWEST_IN_ALL}
    ended = ended_before(activity, until, horizon_days)
    if ended is None:
        return UnusableTrainingSet(
            f"{question}: the history has {learned} rows to learn from and {held} to be judged by, needed are 1 and "
            f"{FEWEST_IN_ALL}",
            because("too-few-of-a-question", **values),
        )
    rows, before, enough = int((activity.row_known_on < until).sum()), str(date_of(until)), str(date_of(ended))
    return UnusableTrainingSet(
        f"{question}: of the {rows:,} rows of the history before {before}, {learned} can be learned from and {held} be judged by, "
        f"needed are 1 and {FEWEST_IN_ALL}. Judged is by the last weeks, in which hardly anything was ordered: train until "
        f"{enough}, up to which there is enough (--until {enough})",
        because("history-ended-before", **values, rows=rows, until=before, ended=enough),
    )


def _refuse_no_numbers(question: Question, answer: Floats) -> None:
    """Whoever asks for a version always would get one that nobody can be answered by. Raises UnusableTrainingSet."""
    if count := int((~np.isfinite(answer)).sum()):
        raise UnusableTrainingSet(
            f"{question}: {count} of {len(answer):,} answers are no finite numbers",
            because("answers-not-finite", question=question, count=count, answers=len(answer)),
        )


def _fit(question: Question, job: DemandJob, rows: Rows, clip: float, on_news: OnNews) -> TrainedDemand:
    def tell(epoch: int, losses: Sequence[float]) -> None:
        on_news(EpochLosses(epoch, tuple(losses), ()))

    def look(collapsed: Sequence[int], again: Sequence[int], attempt: int) -> None:
        on_news(NetworksLooked(question, job.epochs, tuple(collapsed), tuple(again), attempt, MOST_ATTEMPTS))

    try:
        return train_question(question_of(job.settings, question), rows, clip, job.seed, job.threads, tell, look)
    except DemandFitRefused as error:
        raise UnusableTrainingSet(f"{question}: {error}") from error


def _record(
    asked: DemandQuestion,
    learned: Rows,
    held_out: int,
    clip: float,
    networks: TrainedDemand,
    snapshot: tuple[FeatureBins, ...],
) -> QuestionRecord:
    """What the manifest says of networks that are not judged yet."""
    recipe = asked.recipe
    return QuestionRecord(
        features=names(learned.features),
        average=tuple(learned.values.mean(axis=0).tolist()),
        snapshot=snapshot,
        level=asked.level,
        heads=recipe.heads,
        hidden=recipe.hidden,
        members=recipe.members,
        epochs=recipe.epochs,
        batch_size=networks.recipe.batch_size,
        learning_rate=recipe.learning_rate,
        rows=len(learned),
        held_out=held_out,
        clip=clip,
        collapsed_members=len(networks.collapsed),
        trained_again=sum(attempts > 0 for attempts in networks.attempts),
    )


def _with_scores(record: QuestionRecord, judged: JudgedQuestion) -> QuestionRecord:
    return msgspec.structs.replace(
        record,
        scores=judged.scores,
        order_scores=judged.order_scores,
        better_than=judged.better_than,
        judgement=judged.verdict.reason,
    )


def _learned_until(held: Rows, blend: Blend | None) -> date:
    """The first day held out, or the day after the weeks that a blend was chosen by."""
    chosen_by = held.where(~blend.judged) if blend else held.where(np.zeros(len(held), np.bool_))
    day = int((chosen_by.moment + 7 * chosen_by.weeks_ahead).max(initial=int(held.moment.min())))
    return date_of(day)


def answers_on(model: QuestionModel, rows: Rows) -> tuple[Floats, Floats]:
    """Expected pieces and the probability of an order, by row."""
    expected, probability = np.empty(len(rows)), np.empty(len(rows))
    for ahead in np.unique(rows.weeks_ahead).tolist():
        these = rows.weeks_ahead == ahead
        answer = model.answer(rows.values[these], ahead)
        expected[these], probability[these] = answer.expected, answer.order_probability
    return expected, probability


def question_rows(question: Question, activity: Activity, periods: Periods, horizon_days: int) -> tuple[Rows, Rows]:
    """Those to learn from, of which nothing was known later than the first moment held out, and those held out."""
    if question == "pair":
        learned = pair_rows(activity, periods.pairs_learned, horizon_days, periods.pairs_judged)
    elif question == "line":
        first = periods.lines_learned
        learned = line_rows(activity, first.start, first.stop, first.stop)
    else:
        learned = product_rows(activity, periods.products_learned, MOST_WEEKS, periods.products_judged.start)
    return learned, held_rows(question, activity, periods, horizon_days)


def held_rows(
    question: Question, activity: Activity, periods: Periods, horizon_days: int, *, before: bool = False
) -> Rows:
    """Those held out alone; `before`: the same rows with features as releases before made them."""
    until = periods.until
    if question == "pair":
        return pair_rows(activity, [periods.pairs_judged], horizon_days, until, judged=True, before=before)
    if question == "line":
        last = periods.lines_judged
        return line_rows(activity, last.start, last.stop, until, before=before)
    return product_rows(activity, periods.products_judged, MOST_WEEKS, until, before=before)


def _as_before(question: Question, job: DemandJob, activity: Activity, periods: Periods, blend: Blend | None) -> Rows:
    """The rows that are judged, with features as releases before made them."""
    held = held_rows(question, activity, periods, job.horizon_days, before=True)
    return held.where(blend.judged) if blend else held


def _blend(
    question: Question, job: DemandJob, model: QuestionModel, learned: Rows, held: Rows, clip: float
) -> Blend | None:
    if question != "product" or not job.settings.blend:
        return None
    level = question_of(job.settings, question).level
    return blended(
        learned, held, clip, level, lambda rows: answers_on(model, rows)[0], lambda rows: rows.only(learned.features)
    )


def _naive(question: Question, horizon_days: int) -> tuple[Opponent, ...]:
    if question == "pair":
        return naive_pairs(horizon_days)
    return NAIVE_LINES if question == "line" else NAIVE_PRODUCTS


def _snapshot(activity: Activity, until: int, features: Sequence[str]) -> tuple[FeatureBins, ...]:
    """At the end of the training's data: the moments learned from are months older, when the shop was smaller."""
    return snapshot_of(Features(known_at(activity, until)), features)
