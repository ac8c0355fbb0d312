"""Rank correlations of many resamples at once, with ties and missing pairs.

With s_ij = sign(x_i - x_j), t_ij = sign(y_i - y_j) over the pairs (i, j) whose values are known,

    Kendall's τ_b = Σ s_ij t_ij / sqrt(Σ s_ij² Σ t_ij²),

and Spearman's ρ is Pearson's correlation of the ranks, of which Σ_j s_ij / 2 is the distance from the mean
rank, ties averaged. Both are those of scipy.stats. Cost: n² for n values. Reference: M. G. Kendall,
Biometrika 33, 239 (1945).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CHUNK_ELEMENTS: Final = 4_000_000
"""Largest number of elements of the sign matrices of one chunk [1 byte each]."""


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's ρ and Kendall's τ_b, of equal shape (...), in [-1, 1]; NaN where one side does not vary."""

    spearman: NDArray[np.float64]
    kendall: NDArray[np.float64]


def rank_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> RankCorrelation:
    """Correlate x with y, both (..., n), over the last axis; a value that is NaN in either is left out."""
    missing = np.isnan(x) | np.isnan(y)
    x, y = np.where(missing, np.nan, x), np.where(missing, np.nan, y)
    n = x.shape[-1]
    rows_x, rows_y = x.reshape(-1, n), y.reshape(-1, n)
    size = max(1, CHUNK_ELEMENTS // (n * n))
    parts = [
        _signs_agree(rows_x[start : start + size], rows_y[start : start + size])
        for start in range(0, len(rows_x), size)
    ]
    spearman, kendall = np.concatenate(parts, axis=1)
    return RankCorrelation(spearman.reshape(x.shape[:-1]), kendall.reshape(x.shape[:-1]))


def _signs_agree(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, rows): Spearman's and Kendall's coefficient of each row."""
    s, t = _signs(x), _signs(y)
    kendall = _normalised(*(_sum(product, (-2, -1)) for product in (s * t, s * s, t * t)))
    rank_s, rank_t = _sum(s, -1), _sum(t, -1)
    spearman = _normalised(
        *((a * b).sum(-1) for a, b in ((rank_s, rank_t), (rank_s, rank_s), (rank_t, rank_t)))
    )
    return np.stack([spearman, kendall])


def _signs(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """sign(v_i - v_j) as (..., n, n); 0 where either is missing."""
    first, second = values[..., :, None], values[..., None, :]
    return (first > second).astype(np.int8) - (first < second).astype(np.int8)


def _sum(signs: NDArray[np.int8], axis: int | tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(signs.sum(axis=axis, dtype=np.int32), dtype=np.float64)


def _normalised(
    both: NDArray[np.float64], own_x: NDArray[np.float64], own_y: NDArray[np.float64]
) -> NDArray[np.float64]:
    scale = np.sqrt(own_x * own_y)
    return np.divide(both, scale, out=np.full_like(scale, np.nan), where=scale > 0)
