"""Does a measure go with the performance of pairs at all? Permutation of whole domains (Mantel, QAP).

Under the null hypothesis the names of the domains could be exchanged in the measure's matrix without anyone
noticing. So whole rows and whole columns are permuted, each on its own, which keeps what is good or bad about
a domain in both matrices; pairs are never permuted one by one. What other matrices explain can be taken out
first (double semi-partialling: both sides are regressed on them, and the residuals are permuted).

References: N. Mantel, Cancer Res. 27, 209 (1967); D. Dekker, D. Krackhardt, T. A. B. Snijders, Psychometrika
72, 563 (2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from passband.seeds import random_stream

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PermutationTest:
    """Spearman's correlation over the pairs and its two-sided p in (0, 1]; permutations: how many were drawn."""

    correlation: float
    p: float
    permutations: int


def permutation_test(
    performance: Floats, measure: Floats, given: Sequence[Floats] = (), permutations: int = 999, seed: int = 0
) -> PermutationTest:
    """Test a measure (n, m) against performance (n, m); NaN pairs of either are left out of every permutation.

    given: matrices whose effect is taken out of both by least squares on ranks. Raises ValueError where a matrix has
    another shape.
    """
    if any(each.shape != performance.shape for each in (measure, *given)):
        raise ValueError("all matrices of a permutation test need one shape")
    known = np.asarray(np.isfinite(np.stack([performance, measure, *given])).all(axis=0))
    ranks = [_ranks(each, known) for each in (performance, measure, *given)]
    x, y = (_residuals(each, ranks[2:], known) for each in (ranks[1], ranks[0]))
    observed = _correlation(x, y)
    stream = random_stream(seed, "permutations")
    n, m = performance.shape
    reached = sum(
        abs(_correlation(x[stream.permutation(n)][:, stream.permutation(m)], y)) >= abs(observed) - 1e-12
        for _ in range(permutations)
    )
    return PermutationTest(observed, (1 + reached) / (1 + permutations), permutations)


def _ranks(values: Floats, known: NDArray[np.bool_]) -> Floats:
    ranked = np.full(values.shape, np.nan)
    ranked[known] = rankdata(values[known])
    return ranked


def _residuals(values: Floats, given: Sequence[Floats], known: NDArray[np.bool_]) -> Floats:
    """Values less their least squares on the given matrices and a constant; NaN stays."""
    rest = np.full(values.shape, np.nan)
    design = np.stack([np.ones(int(known.sum())), *(each[known] for each in given)], axis=1)
    fit, *_ = np.linalg.lstsq(design, values[known], rcond=None)
    rest[known] = values[known] - design @ fit
    return rest


def _correlation(x: Floats, y: Floats) -> float:
    """Pearson's correlation of the pairs that both sides know; 0 where one of them does not vary."""
    both = np.isfinite(x) & np.isfinite(y)
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
