"""Does a measure go with the performance of pairs at all? Permutation of whole domains (Mantel, QAP).

Under the null hypothesis the names of the domains could be exchanged in the measure's matrix without anyone
noticing. So domains are relabelled, which keeps what is good or bad about a domain in both matrices: those that train
and test get one new name for both roles, those of one role only are exchanged among themselves; pairs are never
permuted one by one. What other matrices explain can be taken out
first (double semi-partialling: both sides are regressed on them, and the residuals are permuted).

References: N. Mantel, Cancer Res. 27, 209 (1967); D. Dekker, D. Krackhardt, T. A. B. Snijders, Psychometrika
72, 563 (2007).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from passband.seeds import random_stream
from passband.shift.crossed import Places, Same

Floats = NDArray[np.float64]

AT_ONCE: Final = 64
"""Permutations that are reckoned together."""


@dataclass(frozen=True)
class PermutationTest:
    """Spearman's correlation over the pairs and its two-sided p in (0, 1]; permutations: how many were drawn."""

    correlation: float
    p: float
    permutations: int


def permutation_test(
    performance: Floats,
    measure: Floats,
    given: Sequence[Floats] = (),
    permutations: int = 999,
    seed: int = 0,
    same: Same | None = None,
) -> PermutationTest:
    """One measure (n, m), tested as `permutation_tests` do."""
    return permutation_tests(performance, {"": measure}, given, permutations, seed, same)[""]


def permutation_tests(
    performance: Floats,
    measures: Mapping[str, Floats],
    given: Sequence[Floats] = (),
    permutations: int = 999,
    seed: int = 0,
    same: Same | None = None,
) -> dict[str, PermutationTest]:
    """Test measures (n, m) against performance (n, m), all by the same permutations; NaN pairs are left out of each.

    given: matrices whose effect is taken out of both by least squares on ranks. same: where row and column are one
    domain. Raises ValueError where a matrix has another shape.
    """
    if any(each.shape != performance.shape for each in (*measures.values(), *given)):
        raise ValueError("all matrices of a permutation test need one shape")
    alike: dict[bytes, list[str]] = {}
    for name, measure in measures.items():
        known = np.isfinite(np.stack([performance, measure, *given])).all(axis=0)
        alike.setdefault(known.tobytes(), []).append(name)
    found: dict[str, PermutationTest] = {}
    for mask, names in alike.items():
        known = np.frombuffer(mask, dtype=np.bool_).reshape(performance.shape)
        taken_out = [_ranks(each, known) for each in given]
        x = np.stack([_residuals(_ranks(measures[name], known), taken_out, known) for name in names])
        y = _residuals(_ranks(performance, known), taken_out, known)
        both = np.argwhere(np.zeros_like(known) if same is None else same)
        observed, reached = _reached(x, y, permutations, seed, both)
        for name, value, count in zip(names, observed, reached, strict=True):
            found[name] = PermutationTest(float(value), (1 + int(count)) / (1 + permutations), permutations)
    return {name: found[name] for name in measures}


def _reached(x: Floats, y: Floats, permutations: int, seed: int, both: Places) -> tuple[Floats, Places]:
    """Correlations of measures (k, n, m) with y (n, m), and how often permutations of y's domains reach each."""
    flat = np.where(np.isfinite(x), x, 0.0).reshape(len(x), -1)
    mask = np.isfinite(y)
    observed = _correlations(flat, mask, y[None])[:, 0]
    stream, reached = random_stream(seed, "permutations"), np.zeros(len(x), dtype=np.int64)
    for first in range(0, permutations, AT_ONCE):
        moved = np.full((min(AT_ONCE, permutations - first), *y.shape), np.nan)
        for each in moved:
            each[np.ix_(*_relabelled(y.shape, both, stream))] = y
        drawn = _correlations(flat, mask, moved)
        reached += (np.abs(drawn) >= np.abs(observed)[:, None] - 1e-12).sum(axis=1)
    return observed, reached


def _relabelled(shape: tuple[int, ...], both: Places, stream: np.random.Generator) -> list[Places]:
    """A new place for every row and every column."""
    order, found = stream.permutation(len(both)), []
    for size, own in zip(shape, both.T, strict=True):
        places = np.arange(size)
        others = np.setdiff1d(places, own)
        places[others] = stream.permutation(others)
        places[own] = own[order]
        found.append(places)
    return found


def _correlations(flat: Floats, mask: NDArray[np.bool_], moved: Floats) -> Floats:
    """Pearson's correlation (k, b) of measures (k, n m), known where mask says, with matrices (b, n, m), over the pairs
    that both know; 0 where one of them does not vary."""
    both = np.isfinite(moved) & mask
    w = both.reshape(len(moved), -1).T.astype(np.float64)
    y = np.where(both, moved, 0.0).reshape(len(moved), -1).T
    n = np.maximum(w.sum(0), 1)  # a permutation of a small table may leave no pair that both know
    mean_x, mean_y = flat @ w / n, y.sum(0) / n
    spread_x = (flat**2) @ w / n - mean_x**2
    spread_y = (y**2).sum(0) / n - mean_y**2
    scale = np.sqrt(np.maximum(spread_x, 0) * np.maximum(spread_y, 0))
    product = flat @ y / n - mean_x * mean_y
    varies = scale > 1e-12 * np.maximum(1, np.abs(mean_x * mean_y))
    return np.asarray(np.divide(product, scale, out=np.zeros_like(product), where=varies))


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
