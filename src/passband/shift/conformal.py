"""How far off a prediction for two new domains may be: conformal intervals, calibrated on conditions.

The residuals of pairs whose domains were both left out are those that a new pair would have had, so their
quantile is the half width of an interval around its prediction (cross-conformal). But residuals of one
domain go together. If the share of residuals below the quantile q has the variance v, as a crossed mean
(`crossed`), then the table counts as

    n' = level (1 - level) / v,    between min(n, m) and n m,

independent residuals, and the quantile at level (1 + 1/n') makes up for its being taken from them, as in
split conformal prediction. Where there are fewer training or test conditions than level/(1 - level), even
the largest residual of all is no bound, and the interval is refused.

References: V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005); R. F. Barber et
al., Ann. Stat. 49, 486 (2021).
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError
from passband.shift.crossed import Same, separate_blocks, standard_error, trimmed

Floats = NDArray[np.float64]


def fewest_conditions(level: float) -> int:
    """Training conditions, and test conditions, that an interval of a level in (0, 1) needs: 9 at 0.9."""
    return ceil(level / (1 - level) - 1e-9)


def conformal_half_width(residuals: Floats, level: float, same: Same | None = None) -> float:
    """Half width of the interval that holds a new pair's Dice in a share `level` of cases.

    residuals: (n_training, n_test) of pairs whose domains were both left out, NaN where there is none;
    same: where row and column are one domain. Raises UserError for too few conditions.
    """
    table = np.abs(trimmed(residuals))
    fewest = fewest_conditions(level)
    if min(table.shape) < fewest:
        raise UserError(
            f"pairs: {table.shape[0]} training and {table.shape[1]} test conditions are too few to calibrate "
            f"{level:.0%} intervals; {fewest} of each are needed"
        )
    values = table[np.isfinite(table)]
    below = np.where(np.isnan(residuals), np.nan, np.abs(residuals) <= np.quantile(values, level))
    variance = standard_error(below, same) ** 2
    count = (
        np.clip(level * (1 - level) / variance, _fewest_of(table), len(values))
        if variance > 0
        else len(values)
    )
    return float(np.quantile(values, min(1.0, level * (1 + 1 / count))))


def _fewest_of(table: Floats) -> int:
    """How many independent residuals a table holds at least: its blocks, or the lesser of its rows and columns."""
    blocks = len(separate_blocks(np.isfinite(table)))
    return blocks if blocks > 1 else min(table.shape)


def coverage_left_out(
    residuals: Floats,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]],
    level: float,
    same: Same | None = None,
) -> float:
    """Share in [0, 1] of pairs within an interval that was calibrated without either of their domains in its role.

    groups: the fold of each training (n,) and test domain (m,). Raises UserError for too few conditions.
    """
    rows, columns = groups
    inside = np.full(residuals.shape, np.nan)
    for row in np.unique(rows):
        for column in np.unique(columns):
            held = np.ix_(rows == row, columns == column)
            rest = np.ix_(rows != row, columns != column)
            width = conformal_half_width(residuals[rest], level, None if same is None else same[rest])
            inside[held] = np.where(np.isnan(residuals[held]), np.nan, np.abs(residuals[held]) <= width)
    return float(np.nanmean(inside))
