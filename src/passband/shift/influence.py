"""Rank correlations as means over pairs: each pair's influence, from which the interval follows.

With ranks u, v in (0, 1), ties averaged, and s_ij, t_ij the signs of differences, a study's coefficient moves by

    Spearman   12 [u v + mean of v where x is at least x_i + mean of u where y is at least y_i] - 9 - 3 ρ
    Kendall    2 [mean over j of s_ij t_ij - τ]

per unit weight that a pair (x, y) gains, each divided by the same normalisation as the coefficient (the
spread of ranks with ties; the share of untied pairs). The mean influence is zero, so coefficient + influence
is a table of values with the coefficient as its mean, and `crossed` does the rest: no correlation has to be
computed twice. Reference: C. Croux, C. Dehon, Stat. Methods Appl. 19, 497 (2010).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

CHUNK_ELEMENTS: Final = 4_000_000
"""Largest number of signs that are compared at once [1 byte each]."""


def spearman_values(x: Floats, y: Floats) -> Floats:
    """ρ plus the influence of every (x, y), both (n,): the mean is scipy's ρ; NaN where one side does not vary."""
    n = len(x)
    u, v = ((rankdata(each) - 0.5) / n for each in (x, y))
    scale = 12 * float(u.std() * v.std())
    if not scale > 0:
        return np.full(n, np.nan)
    plain = 12 * float(np.mean((u - 0.5) * (v - 0.5)))
    moved = 12 * (u * v + _mean_above(x, v) + _mean_above(y, u)) - 9 - 3 * plain
    return np.asarray((plain + moved - moved.mean()) / scale, dtype=np.float64)


def kendall_values(x: Floats, y: Floats) -> Floats:
    """τ_b plus the influence of every (x, y), both (n,): the mean is scipy's τ; NaN where one side does not vary."""
    n = len(x)
    agree, varies_x, varies_y = np.zeros(n), 0, 0
    size = max(1, CHUNK_ELEMENTS // n)
    for start in range(0, n, size):
        part = slice(start, start + size)
        s, t = (
            (each[part, None] > each).view(np.int8) - (each[part, None] < each).view(np.int8)
            for each in (x, y)
        )
        agree[part] = (s * t).sum(axis=1, dtype=np.int64)
        varies_x += int(np.count_nonzero(s))
        varies_y += int(np.count_nonzero(t))
    if not varies_x * varies_y:
        return np.full(n, np.nan)
    scale = np.sqrt(varies_x) * np.sqrt(varies_y) / n
    tau = agree.mean() / scale
    return np.asarray(tau + 2 * (agree / scale - tau), dtype=np.float64)


STATISTICS: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {
    "spearman": spearman_values,
    "kendall": kendall_values,
}


def _mean_above(by: Floats, values: Floats) -> Floats:
    """For every i, Σ of values[j] / n over the j with by[j] >= by[i]; half weight for ties."""
    order = np.argsort(by, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(values[order])])
    ordered = by[order]
    below = total[np.searchsorted(ordered, by, side="left")]
    up_to = total[np.searchsorted(ordered, by, side="right")]
    return np.asarray((total[-1] - (below + up_to) / 2) / len(by), dtype=np.float64)
