"""The mean of a table whose rows and columns are both samples, with an honest interval.

A study's pairs (training domain i, test domain j) share their domains, so a value belongs to a row, a column
and itself: y_ij = μ + r_i + c_j + e_ij. With the mean squares MS_r, MS_c, MS_e of the two-way layout,

    s² = max(MS_r + MS_c - MS_e, min(MS_r, MS_c, MS_e)) / (n m)

estimates the variance of the mean, whichever of the three parts is large. The interval is a bootstrap-t:
effects are drawn again, rows, columns and cells apart, each scaled to its unbiased variance, and the
quantiles of (mean* - mean)/s* take the place of the normal ones. (Drawing rows and columns of the values
themselves counts the cells' variance up to three times: Owen, Ann. Appl. Stat. 1, 386 (2007).) Missing cells
are filled by row + column - mean, and cost their degrees of freedom; they should be few. What it covers is
found by `benchmarks/null_studies.py`.

Where the table falls into blocks that share neither rows nor columns (a series in blocks), these are the sample:
with the sum d_b of the deviations of block b, s² = B/(B-1) Σ d_b² / N² over B blocks of N cells, and the quantiles
are those of Student's t.

Scaled effects: J. R. Carpenter, H. Goldstein, J. Rasbash, J. R. Stat. Soc. C 52, 431 (2003); bootstrap-t: B.
Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), ch. 12.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import t as student

from passband.seeds import random_stream

Floats = NDArray[np.float64]
Blocks = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""Places of the rows and of the columns of each block of a table."""

FILLS: Final = 50
"""Rounds of filling missing cells; each shrinks what is left by more than the share of missing cells."""
CHUNK_ELEMENTS: Final = 2_000_000
"""Largest number of cells that are drawn at once [8 bytes each, several times over]."""


@dataclass(frozen=True)
class CrossedMean:
    """Mean of a table, its standard error, and the sorted bootstrap values of (mean* - mean)/s*."""

    value: float
    standard_error: float
    ratios: Floats

    def interval(self, level: float) -> tuple[float, float]:
        """The two ends that hold the mean of the population in a share `level` of studies."""
        low, high = np.quantile(self.ratios, [(1 - level) / 2, (1 + level) / 2])
        return (
            float(self.value - high * self.standard_error),
            float(self.value - low * self.standard_error),
        )

    def p_above_zero(self) -> float:
        """One-sided p of a mean of at most zero, in (0, 1]; 1 for a table that does not vary and is not above."""
        if self.standard_error == 0:
            return 1 / (1 + len(self.ratios)) if self.value > 0 else 1.0
        reached = self.ratios >= self.value / self.standard_error
        return float(1 + reached.sum()) / (1 + len(self.ratios))


def crossed_mean(table: Floats, resamples: int, seed: int) -> CrossedMean:
    """Mean of a table (n, m) of rows and columns, or blocks, drawn independently; NaN cells are missing.

    Raises ValueError for fewer than two rows or columns, or a row or column without a value.
    """
    if min(table.shape) < 2 or np.isnan(table).all(axis=0).any() or np.isnan(table).all(axis=1).any():
        raise ValueError("a crossed mean needs two rows and two columns, each with a value")
    value = float(np.nanmean(table))
    if np.nanmax(np.abs(table - value)) <= 1e-12 * abs(value):
        return CrossedMean(value, 0.0, np.zeros(resamples))
    blocks = separate_blocks(~np.isnan(table))
    if len(blocks) > 1:
        places = (np.arange(resamples) + 0.5) / resamples
        return CrossedMean(value, standard_error(table), student.ppf(places, len(blocks) - 1))
    missing = int(np.isnan(table).sum())
    filled = _filled(table)
    _, squares = _mean_squares(filled, missing)
    ratios = np.zeros(resamples)
    effects = _scaled_effects(filled, squares)
    stream = random_stream(seed, "crossed mean")
    size = max(1, CHUNK_ELEMENTS // table.size)
    for start in range(0, resamples, size):
        drawn = _drawn(effects, min(size, resamples - start), stream)
        means, spread = _mean_squares(drawn, 0)
        error = _standard_error(spread, table.size)
        ratios[start : start + len(drawn)] = np.divide(
            means, error, out=np.zeros_like(means), where=error > 0
        )
    return CrossedMean(value, float(_standard_error(squares, table.size)), np.sort(ratios))


def trimmed(table: Floats) -> Floats:
    """A table without the rows and the columns that hold no value."""
    known = ~np.isnan(table)
    return table[known.any(axis=1)][:, known.any(axis=0)]


def separate_blocks(known: NDArray[np.bool_]) -> Blocks:
    """Rows and columns of every part of a table (n, m) that shares neither with the others, in the order of rows."""
    n, m = known.shape
    rows, columns = np.nonzero(known)
    links = coo_matrix((np.ones(len(rows)), (rows, n + columns)), shape=(n + m, n + m))
    labels = connected_components(links, directed=False)[1]
    return [
        (np.flatnonzero(labels[:n] == label), np.flatnonzero(labels[n:] == label))
        for label in dict.fromkeys(labels[rows].tolist())
    ]


def standard_error(table: Floats) -> float:
    """Standard error of the mean of a table (n, m) with NaN for missing cells; no interval, no bootstrap."""
    blocks = separate_blocks(~np.isnan(table))
    if len(blocks) > 1:
        off = table - np.nanmean(table)
        sums = np.array([np.nansum(off[np.ix_(*block)]) for block in blocks])
        spread = float((sums**2).sum()) * len(blocks) / (len(blocks) - 1)
        return float(np.sqrt(spread) / np.isfinite(table).sum())
    _, squares = _mean_squares(_filled(table), int(np.isnan(table).sum()))
    return float(_standard_error(squares, table.size))


def _filled(table: Floats) -> Floats:
    """Missing cells replaced by what their row and column say; the others as they are."""
    gaps = np.isnan(table)
    filled = np.where(gaps, np.nanmean(table), table)
    for _ in range(FILLS if gaps.any() else 0):
        additive = filled.mean(1, keepdims=True) + filled.mean(0, keepdims=True) - filled.mean()
        filled = np.where(gaps, additive, table)
    return filled


def _mean_squares(tables: Floats, missing: int) -> tuple[Floats, Floats]:
    """Mean (...) and mean squares of rows, columns and cells (3, ...) of tables (..., n, m)."""
    n, m = tables.shape[-2:]
    mean = tables.mean((-2, -1), keepdims=True)
    rows, columns = tables.mean(-1, keepdims=True) - mean, tables.mean(-2, keepdims=True) - mean
    cells = tables - mean - rows - columns
    squares = [
        m * (rows**2).sum((-2, -1)) / (n - 1),
        n * (columns**2).sum((-2, -1)) / (m - 1),
        (cells**2).sum((-2, -1)) / max((n - 1) * (m - 1) - missing, 1),
    ]
    return mean[..., 0, 0], np.stack(squares)


def _standard_error(squares: Floats, size: int) -> Floats:
    between = squares[0] + squares[1] - squares[2]
    return np.asarray(np.sqrt(np.maximum(between, squares.min(axis=0)) / size), dtype=np.float64)


def _scaled_effects(table: Floats, squares: Floats) -> tuple[Floats, Floats, Floats]:
    """Effects of rows (n,), columns (m,) and cells (n m,), each with its unbiased variance."""
    n, m = table.shape
    mean = table.mean()
    rows, columns = table.mean(1) - mean, table.mean(0) - mean
    cells = table - mean - rows[:, None] - columns[None, :]
    variances = max(squares[0] - squares[2], 0) / m, max(squares[1] - squares[2], 0) / n, squares[2]
    rows, columns, cells = (
        _scaled(part.ravel(), float(v)) for part, v in zip((rows, columns, cells), variances, strict=True)
    )
    return rows, columns, cells


def _scaled(effects: Floats, variance: float) -> Floats:
    own = float(np.mean(effects**2))
    return effects * np.sqrt(variance / own) if own > 0 else effects


def _drawn(effects: tuple[Floats, Floats, Floats], count: int, stream: np.random.Generator) -> Floats:
    """Tables (count, n, m) of effects drawn with replacement; their mean is zero but for chance."""
    rows, columns, cells = effects
    n, m = len(rows), len(columns)
    return np.asarray(
        rows[stream.integers(n, size=(count, n))][:, :, None]
        + columns[stream.integers(m, size=(count, m))][:, None, :]
        + cells[stream.integers(n * m, size=(count, n, m))],
        dtype=np.float64,
    )
