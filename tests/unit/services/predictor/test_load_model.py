"""A version is served whole and verified, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ordercast.contracts.ensemble_forward import Ensemble, stack_weights
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    SCALER_FILE,
    WEIGHTS_FILE,
    FileEntry,
    file_entry,
)
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.load_model import load_model
from tests.support.model_artifacts import (
    SCALER,
    SMALL_LAYERS,
    WrittenModel,
    random_arrays,
    write_manifest,
    write_model,
)

FILES = (MANIFEST_FILE, WEIGHTS_FILE, SCALER_FILE, "ordersModel_1.h5", "ordersModelScaler.pkl")


def load(model: WrittenModel) -> None:
    load_model(model.folder.parent, model.version, model.manifest_sha256)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_off_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def append_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def remove(path: Path) -> None:
    path.unlink()


def replace_by_a_link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, cut_off_the_end, append_a_byte, remove, replace_by_a_link, replace_by_a_pipe, replace_by_a_folder],
)
def test_refuses_a_version_with_one_damaged_file_and_names_the_file(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    model = write_model(tmp_path)
    load(model)
    damage(model.folder / name)
    with pytest.raises(ModelRefused, match=name):
        load(model)


def test_refuses_a_file_that_the_manifest_does_not_name(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    (model.folder / "more.bin").write_bytes(b"")
    with pytest.raises(ModelRefused, match=r"more\.bin"):
        load(model)


def test_refuses_a_manifest_that_is_not_the_published_one(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    with pytest.raises(ModelRefused, match="SHA-256"):
        load_model(tmp_path, model.version, "0" * 64)


def test_refuses_another_versions_folder_under_this_name(tmp_path: Path) -> None:
    model, other = write_model(tmp_path), write_model(tmp_path)
    for path in model.folder.iterdir():
        path.unlink()
    for path in other.folder.iterdir():
        path.rename(model.folder / path.name)
    with pytest.raises(ModelRefused, match=f"of version {other.version}"):
        load_model(tmp_path, model.version, other.manifest_sha256)


def test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    with pytest.raises(ModelRefused, match="cannot be read"):
        load_model(tmp_path / "nowhere", model.version, model.manifest_sha256)


def test_refuses_a_folder_that_is_a_link(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    model.folder.rename(elsewhere)
    model.folder.symlink_to(elsewhere)
    with pytest.raises(ModelRefused, match="cannot be read"):
        load(model)


@pytest.mark.parametrize("version", ["../secret", "..", "", "/etc", "v20261123T214303-1a2b3c4d\n", "v1/../v2", "v\0"])
def test_refuses_a_version_that_would_lead_out_of_the_artifacts(tmp_path: Path, version: str) -> None:
    with pytest.raises(ModelRefused, match="not a version id"):
        load_model(tmp_path, version, "0" * 64)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/b", "..", ".hidden", "a\0b"])
def test_refuses_a_manifest_that_names_a_file_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    model = write_model(tmp_path)
    (tmp_path / "outside").write_bytes(b"secret")
    manifest = msgspec.structs.replace(model.manifest, files={**model.manifest.files, name: file_entry(b"secret")})
    sha256 = write_manifest(model.folder, manifest)
    with pytest.raises(ModelRefused, match="not a plain file name"):
        load_model(tmp_path, model.version, sha256)


def test_refuses_a_file_larger_than_memory_is_meant_for_without_reading_it(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    entry = FileEntry(size=1 << 40, sha256="0" * 64)
    manifest = msgspec.structs.replace(model.manifest, files={**model.manifest.files, WEIGHTS_FILE: entry})
    sha256 = write_manifest(model.folder, manifest)
    with pytest.raises(ModelRefused, match=f"{WEIGHTS_FILE} has 1099511627776 bytes"):
        load_model(tmp_path, model.version, sha256)


def test_refuses_weights_of_another_shape(tmp_path: Path) -> None:
    arrays = random_arrays(SMALL_LAYERS, 10, 0)
    arrays["dense_1/kernel"] = np.zeros((10, 4, 8), dtype=np.float32)
    with pytest.raises(ModelRefused, match="dense_1/kernel"):
        load(write_model(tmp_path, arrays=arrays))


def test_refuses_fewer_members_than_the_recipe_has(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="dense_0/kernel"):
        load(write_model(tmp_path, members=10, arrays=random_arrays(SMALL_LAYERS, 9, 0)))


def test_refuses_weights_of_another_type(tmp_path: Path) -> None:
    arrays = random_arrays(SMALL_LAYERS, 10, 0)
    arrays["dense_2/bias"] = arrays["dense_2/bias"].astype(np.float64)
    with pytest.raises(ModelRefused, match="float64"):
        load(write_model(tmp_path, arrays=arrays))


@pytest.mark.parametrize("name", ["dense_0/kernel", "dense_2/bias"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_refuses_weights_with_a_number_that_is_not_finite(tmp_path: Path, name: str, number: float) -> None:
    arrays = random_arrays(SMALL_LAYERS, 10, 0)
    arrays[name].flat[-1] = number
    with pytest.raises(ModelRefused, match="not finite"):
        load(write_model(tmp_path, arrays=arrays))


def test_refuses_an_array_too_many_and_one_too_few(tmp_path: Path) -> None:
    arrays = random_arrays(SMALL_LAYERS, 10, 0)
    arrays["dense_9/bias"] = arrays.pop("dense_2/bias")
    with pytest.raises(ModelRefused, match=r"missing.*dense_2/bias.*unexpected.*dense_9/bias"):
        load(write_model(tmp_path, arrays=arrays))


def test_refuses_weights_so_large_that_an_answer_overflows(tmp_path: Path) -> None:
    arrays = random_arrays(SMALL_LAYERS, 10, 0)
    arrays["dense_0/kernel"] = np.full((10, 1, 8), 3e38, dtype=np.float32)
    arrays["dense_1/kernel"] = np.full((10, 8, 4), -3e38, dtype=np.float32)
    arrays["dense_1/kernel"][:, 0, :] = 3e38
    with pytest.raises(ModelRefused, match="answers with a number that is not finite"):
        load(write_model(tmp_path, arrays=arrays))


@pytest.mark.parametrize(
    "scaler",
    [
        b"",
        b"{}",
        b'{"mean": NaN, "scale": 1.0, "n": 5}',
        b'{"mean": 1e999, "scale": 1.0, "n": 5}',
        b'{"mean": 1.0, "scale": 0.0, "n": 5}',
        b'{"mean": 1.0, "scale": -2.0, "n": 5}',
        b'{"mean": "1", "scale": 1.0, "n": 5}',
        b'{"mean": 1.0, "scale": 1.0, "n": 5, "more": 1}',
        b'\xff\xfe{"mean": 1.0, "scale": 1.0, "n": 5}',
    ],
)
def test_refuses_a_scaler_that_cannot_scale(tmp_path: Path, scaler: bytes) -> None:
    with pytest.raises(ModelRefused, match=r"scaler\.json"):
        load(write_model(tmp_path, scaler=scaler))


@pytest.mark.parametrize("weights", [b"", b"\xff" * 64, b"\x80\x04\x95pickle", b"\x02\0\0\0\0\0\0\0{}"])
def test_refuses_weights_that_are_no_safetensors(tmp_path: Path, weights: bytes) -> None:
    model = write_model(tmp_path)
    (model.folder / WEIGHTS_FILE).write_bytes(weights)
    manifest = msgspec.structs.replace(
        model.manifest, files={**model.manifest.files, WEIGHTS_FILE: file_entry(weights)}
    )
    sha256 = write_manifest(model.folder, manifest)
    with pytest.raises(ModelRefused, match=WEIGHTS_FILE):
        load_model(tmp_path, model.version, sha256)


@pytest.mark.parametrize("raw", [b"", b"null", b"[1]", b"{", b"\xff", b"{}"])
def test_refuses_a_manifest_that_is_none_even_with_the_right_hash(tmp_path: Path, raw: bytes) -> None:
    model = write_model(tmp_path)
    (model.folder / MANIFEST_FILE).write_bytes(raw)
    with pytest.raises(ModelRefused, match=MANIFEST_FILE):
        load_model(tmp_path, model.version, file_entry(raw).sha256)


def test_a_loaded_model_answers_as_the_contract_says(tmp_path: Path) -> None:
    model = write_model(tmp_path, seed=3)
    loaded = load_model(tmp_path, model.version, model.manifest_sha256)
    view_counts = [0, 1, 777, 5500, 10_000, 10**12]
    expected = Ensemble(stack_weights(SMALL_LAYERS, 10, model.arrays), SCALER).answer(view_counts)
    np.testing.assert_allclose(loaded.ensemble.answer(view_counts), expected, rtol=1e-5)
    assert loaded.version == model.version
    assert loaded.manifest == model.manifest
