"""One training of `demand` from activity to a version on disk: train and judge each question, calibrate, write.

It runs in the training process.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ordercast.contracts.because import Sentence, because, sentence
from ordercast.contracts.demand_manifest import (
    CALIBRATION_FILE,
    LEARNED_IN_ORDER,
    MOST_WEEKS,
    QUESTIONS,
    SEEN_FILE,
    DemandData,
    DemandManifest,
    Question,
    trees_file,
    weights_file,
)
from ordercast.contracts.diagnostics import Diagnostics
from ordercast.contracts.model_manifest import file_entry, new_version
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.calibrate_demand import calibrations_of
from ordercast.services.shared.demand.conformal import CalibrationRefused
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.load_demand_model import calibration_arrays, seen_arrays
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.networks.fit import News, OnNews
from ordercast.services.trainer.training.coverage import coverage
from ordercast.services.trainer.training.demand_periods import LINE_DAYS, Periods, date_of, periods_of
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.judge_demand import publishable
from ordercast.services.trainer.training.made_with import made_with
from ordercast.services.trainer.training.messages import DemandJob, Made, TrainedDemand
from ordercast.services.trainer.training.read_demand_version import read_demand_version
from ordercast.services.trainer.training.tensors import tensors
from ordercast.services.trainer.training.train_demand_question import (
    ServingQuestion,
    TrainedQuestion,
    train_demand_question,
)
from ordercast.services.trainer.training.write_version import write_version

LIBRARIES: Final = ("numpy", "safetensors", "scikit-learn", "tensorflow")
_EPOCH: Final = date(1970, 1, 1)


def train_demand_model(job: DemandJob, rows: DemandRows, on_news: OnNews) -> TrainedDemand:
    """Train, judge, calibrate, and write the version if it is to be published. Epochs count on from question to question.

    Raises:
        UnusableTrainingSet: there is too little to learn from, or to be judged by.
    """
    activity = activity_of(rows.columns)
    periods = periods_of(activity, job.until, job.horizon_days)
    serving = serving_questions(job, periods.until)
    trained = {}
    for number, question in enumerate(LEARNED_IN_ORDER):
        before = number * job.epochs

        def tell(news: News, before: int = before) -> None:
            on_news(msgspec.structs.replace(news, epoch=before + news.epoch))

        trained[question] = train_demand_question(question, job, activity, periods, serving.get(question), tell)
    good, reason, told = publishable({question: one.judged for question, one in trained.items()})
    records = {question: trained[question].record for question in QUESTIONS}
    data, learned = data_of(rows, periods), _learned(trained)
    digests = {name: file_entry(content).sha256 for name, content in learned.items()}
    made = Made(data.digest, data.rows, digests, made_with(LIBRARIES))
    if job.publish == "never":
        return TrainedDemand("not published, as asked", reason, None, None, records, made, told)
    if job.publish == "if-better" and good and (older := older_than_serving(job, periods.until)):
        return TrainedDemand("rejected", str(older), None, None, records, made, older.because)
    if job.publish == "if-better" and not good:
        return TrainedDemand("rejected", reason, None, None, records, made, told)
    manifest = DemandManifest(
        version=new_version(),
        training_id=job.training_id,
        created_at=datetime.now(UTC),
        seed=job.seed,
        horizon_days=job.horizon_days,
        weeks=MOST_WEEKS,
        data=data,
        questions=records,
        judgement=reason,
        because=told,
        warnings=() if good else (reason,),
        libraries=made.libraries,
        files={},
        diagnostics=_diagnostics(trained),
        settings=job.settings,
    )
    contents = learned | {CALIBRATION_FILE: _calibrations(trained)}
    manifest_sha256 = write_version(Path(job.artifacts_dir), manifest, contents)
    return TrainedDemand("published", reason, manifest.version, manifest_sha256, records, made, told)


def serving_questions(job: DemandJob, until: int) -> Mapping[Question, ServingQuestion]:
    """What the serving version can be compared in: its pairs only if they are asked for the same horizon, and nothing of one that
    knows more than is to be used.

    It may have learned from some of what is held out here: how many days of lines and weeks of products are depends on how much
    was ordered in these.
    """
    read = read_demand_version(Path(job.artifacts_dir), job.serving) if job.serving else None
    if read is None or (read[0].data.until - _EPOCH).days > until:
        return {}
    manifest, model = read
    return {
        question: ServingQuestion(one, (_learned_until(manifest, question) - _EPOCH).days, model.before)
        for question, one in model.questions.items()
        if question != "pair" or manifest.horizon_days == job.horizon_days
    }


def older_than_serving(job: DemandJob, until: int) -> Sentence | None:
    """That the version that serves knows days which this one does not: it was not compared with, and is not to make way for what
    was trained to look at the past. None where it does not, or nothing serves."""
    read = read_demand_version(Path(job.artifacts_dir), job.serving) if job.serving else None
    if read is None or (read[0].data.until - _EPOCH).days <= until:
        return None
    serving = read[0]
    return sentence(
        "serving-knows-more", serving=serving.version, knows=str(serving.data.until), until=str(date_of(until))
    )


def _learned_until(manifest: DemandManifest, question: Question) -> date:
    """The day after all that moved it; of a version that does not say, the latest that it can be."""
    record = manifest.questions[question]
    weeks = 7 * (MOST_WEEKS // 2 if record.boosting else MOST_WEEKS)
    held_out = {"pair": manifest.horizon_days, "line": LINE_DAYS, "product": weeks}
    return record.learned_until or manifest.data.until - timedelta(days=held_out[question])


def _learned(trained: Mapping[Question, TrainedQuestion]) -> dict[str, bytes]:
    """The files that hold what was learned."""
    return {
        **{weights_file(question): tensors(one.networks.arrays) for question, one in trained.items()},
        **{trees_file(question): tensors(one.trees) for question, one in trained.items() if one.trees},
        SEEN_FILE: tensors(seen_arrays({question: one.model.seen for question, one in trained.items()})),
    }


def _calibrations(trained: Mapping[Question, TrainedQuestion]) -> bytes:
    """The file of the intervals.

    Raises:
        UnusableTrainingSet: too few rows are held out for intervals.
    """
    model = DemandModel({question: one.model for question, one in trained.items()}, {})
    try:
        calibrations = calibrations_of(model, {question: one.held for question, one in trained.items()})
    except CalibrationRefused as error:
        raise UnusableTrainingSet(str(error), because("too-few-for-intervals")) from error
    return tensors(calibration_arrays(calibrations))


def _diagnostics(trained: Mapping[Question, TrainedQuestion]) -> dict[Question, Diagnostics]:
    model = DemandModel({question: one.model for question, one in trained.items()}, {})
    return {
        question: msgspec.structs.replace(one.diagnostics, coverage=coverage(model, question, one.held))
        for question, one in trained.items()
    }


def data_of(rows: DemandRows, periods: Periods) -> DemandData:
    """Which rows were used, whatever the order in which they were read."""
    used = rows.columns["known_on"] < periods.until
    columns = {name: column[used] for name, column in rows.columns.items()}
    order = np.lexsort(tuple(columns.values())[::-1])
    table = np.column_stack([column[order] for column in columns.values()]).astype("<i8")
    first, until = (_EPOCH + timedelta(days=day) for day in (periods.first_day, periods.until))
    return DemandData(len(order), hashlib.sha256(table.tobytes()).hexdigest(), first, until, rows.positions)
