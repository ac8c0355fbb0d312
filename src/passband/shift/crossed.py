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

A domain in both roles has a row and a column: what is hard to leave may be hard to reach, and the cells (d, d') and
(d', d) may go together. With the mean deviations R_d and C_d of the row and the column of each of k such domains, and
with the residuals e, pairs of cells that share a domain in two roles add to s²

    2 Σ_d R_d C_d / (n m - n - m + k) - (Σ_dd' e_dd' e_d'd + Σ_d e_dd²) / (n m)²

(what shares two domains is twice in the first sum), and the two effects of a domain are drawn together. Variance of
what shares a member in any role: M. Fafchamps, F. Gubert, J. Dev. Econ. 83, 326 (2007).

Where the table falls into blocks that share neither rows nor columns (a series in blocks), these are the sample:
with the sum d_b of the deviations of block b, s² = B/(B-1) Σ d_b² / N² over B blocks of N cells, and the quantiles
are those of Student's t.

Scaled effects: J. R. Carpenter, H. Goldstein, J. Rasbash, J. R. Stat. Soc. C 52, 431 (2003); bootstrap-t: B.
Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), ch. 12.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import t as student

from passband.seeds import random_stream

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Same = NDArray[np.bool_]
"""Of a table (n, m): where row and column are one domain, which is in both roles."""
Blocks = list[tuple[Places, Places]]
"""Places of the rows and of the columns of each block of a table."""

FILLS: Final = 50
"""Rounds of filling missing cells; each shrinks what is left by more than the share of missing cells."""
CHUNK_ELEMENTS: Final = 2_000_000
"""Largest number of cells that are drawn at once [8 bytes each, several times over]."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are drawn: seed of the stream, number of resamples, level in (0, 1)."""

    seed: int
    resamples: int = 1000
    level: float = 0.90


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


def crossed_mean(table: Floats, resamples: int, seed: int, same: Same | None = None) -> CrossedMean:
    """Mean of a table (n, m) of rows and columns, or blocks, drawn independently; NaN cells are missing.

    same: where row and column are one domain; None where no domain is in both roles. Raises ValueError for fewer than
    two rows or columns with a value.
    """
    table, both = _laid_out(table, same)
    if min(table.shape) < 2:
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
    layout = _moments(filled, both, missing)
    ratios = np.zeros(resamples)
    effects = _scaled_effects(filled, layout.squares)
    stream = random_stream(seed, "crossed mean")
    size = max(1, CHUNK_ELEMENTS // table.size)
    for start in range(0, resamples, size):
        drawn = _drawn(effects, both, min(size, resamples - start), stream)
        of = _moments(drawn, both)
        ratios[start : start + len(drawn)] = np.divide(
            of.mean, of.standard_error, out=np.zeros_like(of.mean), where=of.standard_error > 0
        )
    return CrossedMean(value, float(layout.standard_error), np.sort(ratios))


def same_domain(rows: ArrayLike, columns: ArrayLike) -> Same:
    """Where the domain of a row is that of a column, by their ids (n,) and (m,)."""
    return np.asarray(np.asarray(rows)[:, None] == np.asarray(columns), dtype=np.bool_)


def trimmed(table: Floats) -> Floats:
    """A table without the rows and the columns that hold no value."""
    return _laid_out(table, None)[0]


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


def standard_error(table: Floats, same: Same | None = None) -> float:
    """Standard error of the mean of a table (n, m) with NaN for missing cells; no interval, no bootstrap."""
    table, both = _laid_out(table, same)
    blocks = separate_blocks(~np.isnan(table))
    if len(blocks) > 1:
        off = table - np.nanmean(table)
        sums = np.array([np.nansum(off[np.ix_(*block)]) for block in blocks])
        spread = float((sums**2).sum()) * len(blocks) / (len(blocks) - 1)
        return float(np.sqrt(spread) / np.isfinite(table).sum())
    return float(_moments(_filled(table), both, int(np.isnan(table).sum())).standard_error)


def _laid_out(table: Floats, same: Same | None) -> tuple[Floats, Places]:
    """A table without empty rows and columns, and row and column (k, 2) there of every domain in both roles."""
    known = ~np.isnan(table)
    kept = np.ix_(known.any(axis=1), known.any(axis=0))
    return table[kept], np.argwhere(np.zeros_like(known[kept]) if same is None else same[kept])


def _filled(table: Floats) -> Floats:
    """Missing cells replaced by what their row and column say; the others as they are."""
    gaps = np.isnan(table)
    filled = np.where(gaps, np.nanmean(table), table)
    for _ in range(FILLS if gaps.any() else 0):
        additive = filled.mean(1, keepdims=True) + filled.mean(0, keepdims=True) - filled.mean()
        filled = np.where(gaps, additive, table)
    return filled


@dataclass(frozen=True, eq=False)
class _Moments:
    """Of tables (..., n, m): mean (...), mean squares of rows, columns and cells (3, ...), standard error (...)."""

    mean: Floats
    squares: Floats
    standard_error: Floats


def _moments(tables: Floats, both: Places, missing: int = 0) -> _Moments:
    """both: row and column (k, 2) of every domain in both roles; missing: cells that were filled."""
    n, m = tables.shape[-2:]
    mean = tables.mean((-2, -1), keepdims=True)
    rows, columns = tables.mean(-1, keepdims=True) - mean, tables.mean(-2, keepdims=True) - mean
    cells = tables - mean - rows - columns
    squares = np.stack(
        [
            m * (rows**2).sum((-2, -1)) / (n - 1),
            n * (columns**2).sum((-2, -1)) / (m - 1),
            (cells**2).sum((-2, -1)) / max((n - 1) * (m - 1) - missing, 1),
        ]
    )
    variance = (squares[0] + squares[1] - squares[2]) / (n * m)
    if len(both):
        of_row, of_column = both.T
        together = (rows[..., of_row, 0] * columns[..., 0, of_column]).sum(-1)
        mirrored = cells[..., of_row[:, None], of_column]
        twice = np.einsum("...ij,...ji->...", mirrored, mirrored)
        twice = twice + np.einsum("...ii,...ii->...", mirrored, mirrored)
        variance = variance + 2 * together / (n * m - n - m + len(both)) - twice / (n * m) ** 2
    least = squares.min(axis=0) / (n * m)
    return _Moments(mean[..., 0, 0], squares, np.asarray(np.sqrt(np.maximum(variance, least))))


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


def _drawn(
    effects: tuple[Floats, Floats, Floats], both: Places, count: int, stream: np.random.Generator
) -> Floats:
    """Tables (count, n, m) of effects drawn with replacement, those of a domain in both roles together; their mean is
    zero but for chance."""
    rows, columns, cells = effects
    n, m = len(rows), len(columns)
    of_rows, of_columns = (
        rows[stream.integers(n, size=(count, n))],
        columns[stream.integers(m, size=(count, m))],
    )
    if len(both):
        of_row, of_column = both.T
        drawn = stream.integers(len(both), size=(count, len(both)))
        of_rows[:, of_row] = (rows[of_row] - rows[of_row].mean())[drawn]
        of_columns[:, of_column] = (columns[of_column] - columns[of_column].mean())[drawn]
    return np.asarray(
        of_rows[:, :, None] + of_columns[:, None, :] + cells[stream.integers(n * m, size=(count, n, m))],
        dtype=np.float64,
    )
