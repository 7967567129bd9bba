"""How badly the truth itself does: the expected Poisson deviance of the expected pieces. Nobody can be better for long,
unless the target is clipped: then whoever aims at the mean of the clipped target can.

The pieces of a cell (a pair or a product, in one week or several) are a sum over order lines, whose number is Poisson. Their
exact distribution comes from its generating function by a Fourier transform (Embrechts and Frei, "Panjer recursion versus FFT
for compound distributions", 2009). Huge orders are left out, as they are of the expectations.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ordercast.sample.market.parameters import Floats, Market, extra_pieces, kept_lines, pair_columns

# The distribution is cut off so many standard deviations above the mean: beyond it is less than 1e-9.
DEVIATIONS: Final = 40
# Cells in one transform: some 100 MB.
CELLS: Final = 2_000


def pair_noise_floor(market: Market, first_week: int, end_week: int, *, clip: float = np.inf) -> Floats:
    """(pairs,): of the pieces of each pair in the weeks from the first to before the end, the target held to `clip`."""
    lines = kept_lines(market, end_week)[:, first_week:].sum(axis=1)
    extra = extra_pieces(market)
    parts = [slice(start, start + CELLS) for start in range(0, len(lines), CELLS)]
    floors = [_floor(lines[part, None], extra[part, None], market.quantity_shape, clip) for part in parts]
    return np.concatenate(floors) if floors else np.zeros(0)


def product_noise_floor(market: Market, first_week: int, end_week: int, *, clip: float = np.inf) -> Floats:
    """(products, weeks): of the pieces of each product in each of these weeks."""
    lines = kept_lines(market, end_week)[:, first_week:]
    extra = extra_pieces(market)
    _, product, _ = pair_columns(market)
    return np.array(
        [
            _floor(lines[product == number].T, extra[None, product == number], market.quantity_shape, clip)
            for number in range(len(market.products))
        ]
    )


def product_quantiles(market: Market, product: int, weeks: int, levels: Sequence[float]) -> Floats:
    """(levels, weeks): of the pieces of a product in each week from 0."""
    _, products, _ = pair_columns(market)
    of_it = products == product
    lines = kept_lines(market, weeks)[of_it].T
    cumulated = _chances(lines, extra_pieces(market)[None, of_it], market.quantity_shape).cumsum(axis=1)
    return np.array([(cumulated < level).sum(axis=1) for level in levels], dtype=float)


def _floor(lines: Floats, extra: Floats, shape: float, clip: float) -> Floats:
    """(cells,) from the lines of (cells, pairs); `extra` is (cells, 1) or (1, pairs)."""
    mean = (lines * (1 + extra)).sum(axis=1)
    chances = _chances(lines, extra, shape)
    target = np.minimum(np.arange(chances.shape[1]), clip)
    spread = chances @ (target * np.log(np.maximum(target, 1)))
    targets = chances @ target
    log_mean = np.log(np.where(mean > 0, mean, 1))
    floor: Floats = 2 * (spread - targets * log_mean - targets + mean)
    return floor


def _chances(lines: Floats, extra: Floats, shape: float) -> Floats:
    """(cells, pieces): the probability of 0, 1, 2, ... pieces; the arguments are those of `_floor`."""
    mean = (lines * (1 + extra)).sum(axis=1)
    variance = (lines * ((1 + extra) ** 2 + extra + extra**2 / shape)).sum(axis=1)
    highest = float((mean + DEVIATIONS * np.sqrt(variance)).max(initial=1)) + 1
    size = 2 ** int(np.ceil(np.log2(highest + 1)))
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    # The generating function of a line's pieces, at the points of the transform.
    line = z * (1 + extra[..., None] / shape * (1 - z)) ** -shape
    exponent = lines @ (line[0] - 1) if extra.shape[0] == 1 else lines * (line[:, 0] - 1)
    chances: Floats = np.fft.irfft(np.exp(exponent), n=size, axis=1)
    return chances
