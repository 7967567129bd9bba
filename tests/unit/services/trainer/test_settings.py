import pytest

from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.trainer.settings import TrainerSettings

GOOD = {
    "ORDERCAST_DATABASE_URL": "postgresql+asyncpg://shop@db/shop",
    "ORDERCAST_KAFKA_BOOTSTRAP": "kafka:9092",
    "ORDERCAST_ARTIFACTS_DIR": "/artifacts",
    "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": "/keys/public.pem",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_trainings_run_on_this_machine_unless_a_cluster_is_named() -> None:
    settings = read_settings(TrainerSettings)
    assert (settings.trainer_backend, settings.dask_scheduler) == ("local", None)


@pytest.mark.parametrize("address", ["tcp://dask:8786", "tls://10.0.0.7:8786"])
def test_a_cluster_is_named_by_its_schedulers_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("ORDERCAST_TRAINER_BACKEND", "dask")
    monkeypatch.setenv("ORDERCAST_DASK_SCHEDULER", address)
    assert read_settings(TrainerSettings).dask_scheduler == address


def test_dask_without_an_address_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_TRAINER_BACKEND", "dask")
    with pytest.raises(CannotStart) as refusal:
        read_settings(TrainerSettings)
    assert str(refusal.value) == (
        "ORDERCAST_DASK_SCHEDULER: ORDERCAST_TRAINER_BACKEND=dask needs the scheduler's tcp://host:port"
    )


@pytest.mark.parametrize("address", ["dask:8786", "http://dask:8786", "tcp://dask", "tcp://:8786"])
def test_an_address_that_dask_would_not_take_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("ORDERCAST_DASK_SCHEDULER", address)
    with pytest.raises(CannotStart, match="ORDERCAST_DASK_SCHEDULER: "):
        read_settings(TrainerSettings)


def test_another_backend_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_TRAINER_BACKEND", "ray")
    with pytest.raises(CannotStart, match=r"ORDERCAST_TRAINER_BACKEND: .*'local' or 'dask'"):
        read_settings(TrainerSettings)


def test_nothing_is_trained_by_rule_unless_a_rule_is_set() -> None:
    settings = read_settings(TrainerSettings)
    assert (settings.retrain_after_rows, settings.retrain_after_days, settings.retrain_at_drift) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("RETRAIN_AFTER_ROWS", value) for value in ("0", "-1", "1.5", "many", "")),
        *(("RETRAIN_AFTER_DAYS", value) for value in ("0", "-1", "nan", "inf", "1e9", "")),
        *(("RETRAIN_AT_DRIFT", value) for value in ("0", "-0.1", "nan", "inf", "a lot")),
        *(("RETRAIN_PAUSE_HOURS", value) for value in ("0", "-1", "nan", "inf")),
    ],
)
def test_a_rule_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ORDERCAST_{name}", value)
    with pytest.raises(CannotStart, match=f"ORDERCAST_{name}: "):
        read_settings(TrainerSettings)
