"""Products in the order of what is expected of them: made once for all pages, and for all who ask for one."""

import asyncio
from weakref import WeakKeyDictionary

import numpy as np

from ordercast.services.predictor.forecast_products import expected_of_products
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.shared.demand.features import Features


class MostExpected:
    """Of ten thousand products it takes half a second to say how much is expected of each, which a page of twenty needs, too."""

    def __init__(self) -> None:
        # By version and weeks. With the features goes what was made of them.
        self._made: WeakKeyDictionary[Features, dict[tuple[str, int], Ints]] = WeakKeyDictionary()
        self._making = asyncio.Lock()

    async def of(self, served: ServedDemand, features: Features, weeks: int) -> Ints:
        """The ids of all products that anything is known of. Who has neither orders nor views comes on pages by id alone."""
        made, key = self._made.setdefault(features, {}), (served.version, weeks)
        if key not in made:
            async with self._making:
                if key not in made:
                    made[key] = await asyncio.to_thread(_most_expected, served, features, weeks)
        return made[key]


def _most_expected(served: ServedDemand, features: Features, weeks: int) -> Ints:
    product_ids = features.known_products
    expected = expected_of_products(served, features, product_ids, weeks)
    return product_ids[np.lexsort((product_ids, -expected))]
