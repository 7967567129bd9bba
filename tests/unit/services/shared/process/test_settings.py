"""Settings from the environment and from files of secrets."""

from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.settings import read_settings

SECRET = "hunter2"


class ExampleSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", hide_input_in_errors=True)

    database_url: str
    port: int = Field(default=8000, le=65_535)


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ORDERCAST_DATABASE_URL", raising=False)
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_file_with_the_name_of_the_variable_is_read(secrets: Path) -> None:
    (secrets / "ordercast_database_url").write_text(f"{SECRET}\n")
    assert read_settings(ExampleSettings).database_url == SECRET


def test_files_that_are_links_within_the_folder_are_read(secrets: Path) -> None:
    """As Kubernetes mounts a secret."""
    (secrets / "..2026_01_01").mkdir()
    (secrets / "..2026_01_01" / "ordercast_database_url").write_text(SECRET)
    (secrets / "..data").symlink_to("..2026_01_01")
    (secrets / "ordercast_database_url").symlink_to("..data/ordercast_database_url")
    assert read_settings(ExampleSettings).database_url == SECRET


def test_the_environment_wins_over_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "ordercast_database_url").write_text("from the file")
    monkeypatch.setenv("ORDERCAST_DATABASE_URL", "from the environment")
    assert read_settings(ExampleSettings).database_url == "from the environment"


@pytest.mark.parametrize("unset", ["", None])
def test_without_a_folder_only_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, unset: str | None) -> None:
    if unset is None:
        monkeypatch.delenv("ORDERCAST_SECRETS_DIR")
    else:
        monkeypatch.setenv("ORDERCAST_SECRETS_DIR", unset)
    with pytest.raises(CannotStart, match=r"^ORDERCAST_DATABASE_URL: Field required$"):
        read_settings(ExampleSettings)


def test_a_folder_that_is_not_there_is_an_error_of_one_line(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(secrets / "nowhere"))
    with pytest.raises(CannotStart, match=r"^ORDERCAST_SECRETS_DIR: Path does not point to a directory$"):
        read_settings(ExampleSettings)


@pytest.mark.parametrize("content", [SECRET.encode(), SECRET.encode() + b"\xff"])
def test_no_error_quotes_a_secret(secrets: Path, content: bytes) -> None:
    (secrets / "ordercast_database_url").write_text("postgresql://")
    (secrets / "ordercast_port").write_bytes(content)
    with pytest.raises(CannotStart) as refusal:
        read_settings(ExampleSettings)
    assert SECRET not in repr(refusal.value)
    assert "port" in str(refusal.value).lower()
    assert "\n" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = secrets / "ordercast_database_url"
    path.write_text(SECRET)

    def refused(path: Path, **_: str) -> str:  # root may read everything, so a mode would not do
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(CannotStart) as refusal:
        read_settings(ExampleSettings)
    assert str(secrets) in str(refusal.value)
    assert '"database_url"' in str(refusal.value)
    assert str(refusal.value).endswith("Permission denied")


def test_a_name_made_of_other_settings_is_not_told_missing_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERCAST_KAFKA_BOOTSTRAP", raising=False)
    with pytest.raises(CannotStart) as failed:
        read_settings(FeatureWorkerSettings)
    assert str(failed.value) == "ORDERCAST_DATABASE_URL: Field required; ORDERCAST_KAFKA_BOOTSTRAP: Field required"
