"""A version of `demand` is ready to answer, or refused with the reason."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from safetensors.numpy import save

from ordercast.contracts.boosted_forward import NAMES
from ordercast.contracts.demand_manifest import CALIBRATION_FILE, QUESTIONS, SEEN_FILE, trees_file, weights_file
from ordercast.contracts.model_manifest import MANIFEST_FILE, file_entry
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.predictor.load_model import load_model
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES
from ordercast.services.shared.demand.load_demand_model import demand_model
from tests.support.demand_versions import (
    demand_files,
    demand_version,
    recipe_trees,
    trees,
    with_trees,
    write_demand,
    write_whole,
)
from tests.support.model_artifacts import write_model


def test_a_loaded_version_answers_as_its_files_say(tmp_path: Path) -> None:
    written = write_demand(tmp_path, seed=3)
    loaded = load_demand(tmp_path, written.version, written.manifest_sha256)
    values = np.random.default_rng(1).uniform(0, 3, (5, len(PAIR_FEATURES)))
    expected = demand_model(written.manifest, demand_files(3)).pairs(values, 0.9)
    assert np.array_equal(loaded.model.pairs(values, 0.9).expected, expected.expected)
    assert (loaded.version, loaded.created_at) == (written.version, written.manifest.created_at)


@pytest.mark.parametrize("name", [*map(weights_file, QUESTIONS), CALIBRATION_FILE, SEEN_FILE, MANIFEST_FILE])
def test_a_version_with_one_flipped_byte_is_refused_and_the_file_named(tmp_path: Path, name: str) -> None:
    written = write_demand(tmp_path)
    content = bytearray((written.folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (written.folder / name).write_bytes(content)
    with pytest.raises(ModelRefused, match=name):
        load_demand(tmp_path, written.version, written.manifest_sha256)


def test_a_version_with_trees_is_loaded_and_one_with_a_flipped_byte_in_them_refused(tmp_path: Path) -> None:
    written = write_whole(tmp_path, *with_trees(demand_version(), arrays=recipe_trees()))
    boosted = load_demand(tmp_path, written.version, written.manifest_sha256).model.questions["product"].boosted
    assert boosted is not None
    assert (boosted.weight, boosted.trees.trees) == (0.25, 150)
    path = written.folder / trees_file("product")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelRefused, match="product_trees"):
        load_demand(tmp_path, written.version, written.manifest_sha256)


def test_a_version_with_other_trees_than_its_manifest_says_is_refused(tmp_path: Path) -> None:
    manifest, files = with_trees(demand_version())
    product = manifest.questions["product"]
    assert product.boosting is not None
    said = structs.replace(product, boosting=structs.replace(product.boosting, trees=3))
    written = write_whole(tmp_path, structs.replace(manifest, questions={**manifest.questions, "product": said}), files)
    with pytest.raises(ModelRefused, match="has 2 trees, and the manifest says 3"):
        load_demand(tmp_path, written.version, written.manifest_sha256)


@pytest.mark.parametrize("array", [np.array(1.0), np.array(True), np.zeros(2, np.complex64)])
@pytest.mark.parametrize("name", NAMES)
def test_a_version_whose_trees_are_of_another_kind_is_refused(
    tmp_path: Path, name: str, array: npt.NDArray[np.generic]
) -> None:
    manifest, files = with_trees(demand_version())
    files[trees_file("product")] = save({**trees(), name: array})
    entries = {name: file_entry(content) for name, content in files.items()}
    written = write_whole(tmp_path, structs.replace(manifest, files=entries), files)
    with pytest.raises(ModelRefused, match=f"product_trees.safetensors: {name}"):
        load_demand(tmp_path, written.version, written.manifest_sha256)


def test_a_version_of_one_recipe_is_never_loaded_as_one_of_the_other(tmp_path: Path) -> None:
    demand, baseline = write_demand(tmp_path), write_model(tmp_path)
    with pytest.raises(ModelRefused, match=MANIFEST_FILE):
        load_model(tmp_path, demand.version, demand.manifest_sha256)
    with pytest.raises(ModelRefused, match=MANIFEST_FILE):
        load_demand(tmp_path, baseline.version, baseline.manifest_sha256)
