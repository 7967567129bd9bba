"""A training of `demand` on a small simulated shop: a version that answers, or a reason why there is none."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS, DemandManifest, Question
from ordercast.contracts.model_manifest import MANIFEST_FILE, encode_manifest
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.calibrate_demand import calibrations_of
from ordercast.services.shared.demand.conformal import FEWEST_IN_ALL
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_drift import drift_of
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.judging.scores import piece_scores
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked, News
from ordercast.services.trainer.training.blend_products import first_weeks
from ordercast.services.trainer.training.demand_periods import periods_of
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import TrainedDemand
from ordercast.services.trainer.training.read_demand_version import read_demand_version
from ordercast.services.trainer.training.train_demand_question import answers_on, question_rows
from tests.support.demand_trainings import EPOCHS, job, trained_on
from tests.support.demand_versions import write_demand
from tests.support.market_shop import UNTIL, market_rows


def losses_of(told: list[News]) -> list[EpochLosses]:
    return [news for news in told if isinstance(news, EpochLosses)]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def told() -> list[News]:
    return []


@pytest.fixture(scope="module")
def trained(artifacts: Path, told: list[News]) -> TrainedDemand:
    return trained_on(job(artifacts), market_rows(), told.append)


@pytest.fixture(scope="module")
def version(artifacts: Path, trained: TrainedDemand) -> tuple[DemandManifest, DemandModel]:
    assert trained.version is not None
    read = read_demand_version(artifacts, trained.version)
    assert read is not None
    return read


def test_what_the_version_was_trained_on_lies_within_what_it_has_seen(
    version: tuple[DemandManifest, DemandModel],
) -> None:
    """It did not where the bounds were written in another order than they are read."""
    _, model = version
    for question in model.questions.values():
        assert (question.seen.low <= question.seen.high).all()
    moment = periods_of(activity_of(market_rows().columns), None, 28).until
    known = Features(known_at(activity_of(market_rows().columns), moment))
    values = known.of_known_pairs(500)
    product_ids = np.full(len(values), model.questions["pair"].seen.products[0])
    outside = [reasons for reasons in model.questions["pair"].outside(values, product_ids) if reasons]
    assert len(outside) < 0.05 * len(values)


def test_a_version_has_not_drifted_when_it_was_just_trained_and_has_after_a_month_without_views(
    version: tuple[DemandManifest, DemandModel],
) -> None:
    activity = activity_of(market_rows().columns)
    until = periods_of(activity, None, 28).until
    now, later = (drift_of(version[0], Features(known_at(activity, moment))) for moment in (until, until + 30))
    assert max(one.psi for one in now.features) == 0
    assert later.features[0].psi > 0.25
    assert not {"product_age", "pair_days_since_last", "weekday_sin"} & {one.feature for one in later.features}


def test_the_version_says_what_it_learned_from_and_what_it_is_worth(
    trained: TrainedDemand, version: tuple[DemandManifest, DemandModel]
) -> None:
    manifest = version[0]
    assert trained.verdict == "published"
    assert manifest.questions == trained.questions
    assert tuple(manifest.questions) == QUESTIONS
    assert manifest.data.until == UNTIL
    assert manifest.data.rows == len(market_rows().columns["day"])
    assert manifest.data.positions == market_rows().positions
    assert set(manifest.questions["product"].better_than) >= {"exponential smoothing", "last week"}
    assert manifest.questions["pair"].order_scores is not None


def test_the_manifest_keeps_small_tables_of_each_question(
    version: tuple[DemandManifest, DemandModel], told: list[News]
) -> None:
    manifest = version[0]
    assert set(manifest.diagnostics) == set(QUESTIONS)
    for question, tables in manifest.diagnostics.items():
        held_out = manifest.questions[question].held_out
        assert tables.curves.epochs == (1, 2)
        assert [len(losses) for losses in tables.curves.loss] == [EPOCHS, EPOCHS]
        assert len(tables.collapsed) == manifest.questions[question].collapsed_members
        assert sum(group.rows for group in tables.residuals) == held_out
        if held_out > 2 * FEWEST_IN_ALL:  # else a half has too few for intervals
            boosting = manifest.questions[question].boosting
            calibrated = held_out + (boosting.chosen_on if boosting and boosting.weight else 0)
            assert (tables.coverage[0].group, tables.coverage[0].rows) == ("all", calibrated)
            assert 0.8 < tables.coverage[0].inside < 0.97
        worst = tables.influential[0]
        assert worst.share == max(row.share for row in tables.influential)
        assert worst.product_id in market_rows().columns["product_id"]
        assert tables.dependence[0].feature in manifest.questions[question].features
    pair = manifest.diagnostics["pair"]
    assert pair.coverage
    assert sum(group.rows for group in pair.reliability) == manifest.questions["pair"].held_out
    assert all(group.low <= group.said <= group.high for group in pair.reliability)
    assert [tables.influential[0].account_id is None for tables in manifest.diagnostics.values()] == [
        False,
        False,
        True,
    ]
    assert manifest.diagnostics["line"].curves.loss[0][0] == pytest.approx(losses_of(told)[0].loss[0], rel=1e-5)
    assert len(encode_manifest(manifest)) < 100_000


def test_the_epochs_of_all_questions_are_told_one_after_the_other(trained: TrainedDemand, told: list[News]) -> None:
    losses = losses_of(told)
    assert [each.epoch for each in losses] == list(range(1, 3 * EPOCHS + 1))
    assert {len(each.loss) for each in losses} == {2}


def test_which_networks_answer_a_constant_is_told_after_each_question(
    version: tuple[DemandManifest, DemandModel], told: list[News]
) -> None:
    looks = [news for news in told if isinstance(news, NetworksLooked) and not news.attempt]
    assert [(look.question, look.epoch) for look in looks] == [
        ("line", EPOCHS),
        ("pair", 2 * EPOCHS),
        ("product", 3 * EPOCHS),
    ]
    for look in looks:
        record = version[0].questions[cast("Question", look.question)]
        assert (len(look.collapsed), len(look.trained_again)) == (record.collapsed_members, record.trained_again)


def test_intervals_hold_on_the_rows_that_they_were_made_of(version: tuple[DemandManifest, DemandModel]) -> None:
    """A finite sample holds at least its level."""
    activity, model = activity_of(market_rows().columns), version[1]
    moment = (UNTIL - date(1970, 1, 1)).days - 28
    pairs = activity.accounts[activity.pair_account], activity.products[activity.pair_product]
    answers = model.pairs(Features(known_at(activity, moment)).of_pairs(*pairs), level=0.9)
    days = activity.pair_day_day[activity.row_pair_day]
    net = (activity.sums["quantity"] - activity.sums["cancelled_quantity"]) * (days >= moment)
    pieces = np.bincount(activity.pair_day_pair[activity.row_pair_day], net, minlength=len(pairs[0]))
    assert ((answers.low <= pieces) & (pieces <= answers.high)).mean() >= 0.88


def test_the_same_rows_in_another_order_have_the_same_digest(trained: TrainedDemand) -> None:
    from ordercast.services.trainer.training.train_demand_model import data_of

    rows = market_rows()
    periods = periods_of(activity_of(rows.columns), None, 28)
    shuffled = np.random.default_rng(2).permutation(len(rows.columns["day"]))
    columns = {name: column[shuffled] for name, column in rows.columns.items()}
    assert data_of(DemandRows(columns, rows.positions), periods) == data_of(rows, periods)
    columns["quantity"][0] += 1
    assert data_of(DemandRows(columns, rows.positions), periods).digest != data_of(rows, periods).digest


def test_what_happened_from_until_on_is_not_used(tmp_path: Path) -> None:
    """With another future, the files are the same to the last byte."""
    until = (date(2025, 10, 1) - date(1970, 1, 1)).days
    rows = market_rows()
    past = {name: column[rows.columns["known_on"] < until] for name, column in rows.columns.items()}
    weights = []
    for number, columns in enumerate((rows.columns, past)):
        folder = tmp_path / str(number)
        made = trained_on(job(folder, until=until), DemandRows(columns, rows.positions))
        weights.append(
            [(folder / str(made.version) / f"{question}.safetensors").read_bytes() for question in QUESTIONS]
        )
    assert weights[0] == weights[1]


@pytest.mark.parametrize(("weight", "of_level"), [(0.0, 0.0), (0.0, 0.7), (0.3, 0.3)])
def test_trees_are_written_if_the_blend_has_a_weight_and_the_version_answers_judges_and_calibrates_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: float, of_level: float
) -> None:
    from ordercast.services.trainer.training import blend_products

    monkeypatch.setattr(blend_products, "chosen_weight", lambda *asked: of_level if len(asked) == 6 else weight)
    made = trained_on(job(tmp_path), market_rows())
    assert made.version is not None
    read = read_demand_version(tmp_path, made.version)
    assert read is not None
    manifest, model = read
    product, boosted = manifest.questions["product"], model.questions["product"].boosted
    assert product.boosting is not None
    assert (product.boosting.weight, product.boosting.level_weight) == (weight, of_level)
    blended = weight > 0 or of_level > 0
    assert (
        ("product_trees.safetensors" in manifest.files) == ("product_trees.safetensors" in made.made.files) == blended
    )
    # Its networks have bounds of their inputs, with trees or without: a release that takes them for damage refuses the schema.
    assert manifest.schema == "ordercast.demand/7"
    assert (boosted is not None) == blended
    periods = periods_of(activity_of(market_rows().columns), None, 28)
    held = question_rows("product", activity_of(market_rows().columns), periods, 28)[1]
    judged = held.where(~first_weeks(held)) if blended else held
    said = answers_on(model.questions["product"], judged)[0]
    own = piece_scores(said, judged.target, product.clip)
    assert product.held_out == len(judged)
    assert product.scores[0].deviance == pytest.approx(own.deviance)
    again = calibrations_of(model, {"product": held})["week"].arrays()
    assert all(np.array_equal(again[name], array) for name, array in model.calibrations["week"].arrays().items())


def test_a_recipe_without_a_blend_has_no_trees(tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(DEMAND_SETTINGS, blend=False)
    made = trained_on(job(tmp_path, recipe=recipe), market_rows())
    assert made.questions["product"].boosting is None
    assert "product_trees.safetensors" not in made.made.files


def test_a_serving_version_that_may_have_learned_from_what_is_held_out_is_not_compared_with(
    artifacts: Path, trained: TrainedDemand
) -> None:
    from ordercast.services.trainer.training.train_demand_model import serving_questions

    asked, until = job(artifacts, serving=trained.version), (UNTIL - date(1970, 1, 1)).days
    assert set(serving_questions(asked, until)) == set(QUESTIONS)
    assert set(serving_questions(msgspec.structs.replace(asked, horizon_days=7), until)) == {"line", "product"}
    assert not serving_questions(asked, until - 1)
    assert not serving_questions(job(artifacts, serving="v20260101T000000-00000000"), until)
    assert not serving_questions(job(artifacts), until)


def test_one_that_knows_less_than_what_serves_is_not_put_in_its_place_unless_that_is_asked_for(
    artifacts: Path, trained: TrainedDemand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the past, trained until a day of the summer, served in place of the version that knew all."""
    from ordercast.services.trainer.training.train_demand_model import older_than_serving

    assert trained.version is not None
    until = (UNTIL - date(1970, 1, 1)).days
    asked = job(artifacts, serving=trained.version, publish="if-better")
    assert older_than_serving(asked, until) is None
    assert older_than_serving(job(artifacts), until - 1) is None
    before = sorted(artifacts.iterdir())
    judged = "ordercast.services.trainer.training.train_demand_model.publishable"
    monkeypatch.setattr(judged, lambda _: (True, "better than all", None))
    past = trained_on(msgspec.structs.replace(asked, until=until - 1, members=1, epochs=1), market_rows())
    assert (past.verdict, past.version) == ("rejected", None)
    assert "better than all" not in past.reason
    assert sorted(artifacts.iterdir()) == before
    told = older_than_serving(asked, until - 1)
    assert told is not None
    assert told.because.values == {
        "serving": trained.version,
        "knows": str(UNTIL),
        "until": str(UNTIL - timedelta(days=1)),
    }
    shutil.copytree(artifacts, tmp_path, dirs_exist_ok=True)
    always = job(tmp_path, serving=trained.version, until=until - 1, members=1, epochs=1, publish="always")
    assert trained_on(always, market_rows()).verdict == "published"


def test_a_serving_version_is_compared_with_on_rows_that_it_has_not_learned_from(
    artifacts: Path, trained: TrainedDemand
) -> None:
    """28 days of lines were held out for it, and now they are 84: it knew the judged lines, and won by them."""
    from ordercast.services.trainer.training.train_demand_model import serving_questions

    assert trained.version is not None
    asked, until = job(artifacts, serving=trained.version), (UNTIL - date(1970, 1, 1)).days
    periods = periods_of(activity_of(market_rows().columns), None, 28)
    learned_until = {question: one.learned_until for question, one in serving_questions(asked, until).items()}
    assert learned_until == {
        "line": periods.lines_judged.start,
        "pair": periods.pairs_judged,
        "product": until - 28,  # weeks before it chose the blend
    }
    path = artifacts / trained.version / MANIFEST_FILE
    told = path.read_bytes()
    silent = msgspec.json.decode(told)
    for record in silent["questions"].values():
        del record["learned_until"]
    try:
        path.write_bytes(msgspec.json.encode(silent))
        bounds = {question: one.learned_until for question, one in serving_questions(asked, until).items()}
    finally:
        path.write_bytes(told)
    assert bounds == {"line": until - 28, "pair": until - 28, "product": until - 28}
    assert all(bounds[question] >= learned_until[question] for question in QUESTIONS)


@pytest.mark.parametrize(
    ("schema", "before"), [("ordercast.demand/5", True), ("ordercast.demand/6", False), ("ordercast.demand/7", False)]
)
def test_a_serving_version_of_a_release_before_is_asked_by_the_features_of_before(
    tmp_path: Path, schema: str, before: bool
) -> None:
    from ordercast.services.trainer.training.train_demand_model import serving_questions

    written = write_demand(tmp_path, schema=schema)
    until = (written.manifest.data.until - date(1970, 1, 1)).days
    found = serving_questions(job(tmp_path, serving=written.version), until)
    assert {question: one.before for question, one in found.items()} == dict.fromkeys(QUESTIONS, before)


def test_one_that_is_not_to_be_published_is_judged_beside_the_serving_one_and_leaves_nothing(
    artifacts: Path, trained: TrainedDemand
) -> None:
    before = sorted(artifacts.iterdir())
    kept_back = trained_on(job(artifacts, serving=trained.version, publish="never"), market_rows())
    assert (kept_back.verdict, kept_back.version) == ("not published, as asked", None)
    assert sorted(artifacts.iterdir()) == before
    assert [question.better_than["the serving version"] for question in kept_back.questions.values()] == [0, 0, 0]
