"""In an interpreter of its own, as a training is."""

import subprocess
import sys

PROGRAM = """
import sys
from ordercast.services.trainer.networks.import_tensorflow import OPTIONAL, import_tensorflow

import_tensorflow(1)
assert "tensorflow" in sys.modules
print(sorted(OPTIONAL & sys.modules.keys()))
import matplotlib, pandas
print(pandas.DataFrame({"a": [1]})["a"].sum())
"""


def test_what_no_training_needs_is_not_imported_with_it_and_can_be_imported_later() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert ran.stdout.split("\n") == ["[]", "1", ""]
