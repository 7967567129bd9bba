"""Arrays as a file that executes nothing (safetensors)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save


def tensors(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The content of the file.

    safetensors 0.8 writes the memory behind an array, whatever its strides say: a column of a matrix, or a row of one in Fortran's
    order, would come back as other numbers.
    """
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
