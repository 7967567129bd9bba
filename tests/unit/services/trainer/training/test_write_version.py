import os
import signal
import time
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    SCALER_FILE,
    WEIGHTS_FILE,
    Errors,
    MemberMetrics,
    Metrics,
    ModelManifest,
    TrainingData,
    decode_manifest,
    new_version,
)
from ordercast.services.trainer.recipes import BASELINE
from ordercast.services.trainer.training.write_version import UNFINISHED_AFTER_S, write_version

ERRORS = Errors(mse=1, mae=1)
CONTENTS = {WEIGHTS_FILE: b"weights", SCALER_FILE: b"{}"}


def manifest() -> ModelManifest:
    return ModelManifest(
        version=new_version(),
        training_id="t",
        created_at=datetime.now(UTC),
        recipe=BASELINE,
        seed=1,
        data=TrainingData(10, "0" * 64, ()),
        metrics=Metrics(2, ERRORS, ERRORS, ERRORS, (MemberMetrics(ERRORS, 1, 1),), False, False),
        libraries={},
        files={},
    )


def export(folder: Path) -> None:
    (folder / "exported.h5").write_bytes(b"h5")


def test_the_exported_files_are_in_the_manifest_too(tmp_path: Path) -> None:
    made = manifest()
    write_version(tmp_path, made, CONTENTS, export)

    written = decode_manifest((tmp_path / made.version / MANIFEST_FILE).read_bytes())
    assert set(written.files) == {WEIGHTS_FILE, SCALER_FILE, "exported.h5"}


def test_a_version_does_not_show_under_its_name_before_it_is_whole(tmp_path: Path) -> None:
    made, seen = manifest(), []

    def look(folder: Path) -> None:
        seen.append((tmp_path / made.version).exists())
        export(folder)

    write_version(tmp_path, made, CONTENTS, look)
    assert seen == [False]
    assert (tmp_path / made.version).is_dir()


def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        write_version(tmp_path, manifest(), CONTENTS, fail)
    assert list(tmp_path.iterdir()) == []


def end_in_the_middle(artifacts: Path) -> None:
    def be_cancelled(folder: Path) -> None:
        export(folder)
        os.kill(os.getpid(), signal.SIGTERM)

    write_version(artifacts, manifest(), CONTENTS, be_cancelled)


def test_a_process_that_is_ended_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=end_in_the_middle, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_long_ago_is_removed_and_fresh_work_of_others_is_not(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".unfinished-old", tmp_path / ".unfinished-fresh"
    for folder in (old, fresh):
        folder.mkdir()
    long_ago = time.time() - UNFINISHED_AFTER_S - 60
    os.utime(old, (long_ago, long_ago))

    write_version(tmp_path, manifest(), CONTENTS, export)

    assert not old.exists()
    assert fresh.exists()


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    made = manifest()
    write_version(tmp_path, made, CONTENTS, export)

    with pytest.raises(OSError, match="not empty"):
        write_version(tmp_path, made, CONTENTS, export)
