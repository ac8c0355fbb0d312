"""How one predictor did: its errors, what they leave unexplained, and the interval that one may state."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from passband.errors import UserError
from passband.shift.comparison import mean_of_errors
from passband.shift.conformal import conformal_half_width, coverage_left_out
from passband.shift.crossed import Resampling, Same, trimmed
from passband.shift.leave_out import Role, Scheme, as_matrix, enough_folds, fold_of, in_both_roles

Floats = NDArray[np.float64]
Judged = Scheme | Literal["frozen"]
"""What was left out, or "frozen": models fitted on another study."""
Interval = tuple[float | None, float | None, str]
"""Half width of intervals, the share of residuals that they hold; either is None where it is refused, and why."""

SCHEMES: Final[tuple[Scheme, ...]] = ("test", "train", "both")
ROLES: Final[tuple[Role, ...]] = ("train", "test")


@dataclass(frozen=True)
class AnalysisOptions:
    """Folds per role, and how intervals are drawn.

    n_folds: None for as many as a table can afford (`leave_out.enough_folds`); threads: models that are fitted at once;
    nothing depends on it but the time; heard: called whenever a predictor is through.
    """

    resampling: Resampling = field(default_factory=lambda: Resampling(seed=0))
    n_folds: int | None = None
    threads: int = 1
    heard: Callable[[], None] = lambda: None

    def folds_of(self, pairs: pd.DataFrame) -> int:
        """Folds per role of a table of pairs."""
        return self.n_folds or enough_folds(len(pairs))


@dataclass(frozen=True)
class PredictionScore:
    """How one predictor did in one scheme.

    mae: mean absolute error of Dice, with its interval for other domains, NaN where there are fewer than two of a
    role; r2: 1 - squared error over that of the mean, at most 1; spearman_within: rank correlation within a training
    domain, mean over them, NaN where a prediction is constant.
    """

    predictor: str
    scheme: Judged
    mae: float
    mae_low: float
    mae_high: float
    r2: float
    spearman_within: float
    n_pairs: int


def scored(
    pairs: pd.DataFrame, predicted: Floats, name: str, scheme: Judged, options: AnalysisOptions
) -> PredictionScore:
    """The score of predictions (n_pairs,), NaN where a pair was not predicted."""
    known = np.isfinite(predicted)
    dice = pairs["dice_mean"].to_numpy(np.float64)
    errors = (predicted - dice)[known]
    spread = float(((dice[known] - dice[known].mean()) ** 2).sum())
    residuals = as_matrix(pairs, predicted - dice)
    low, high = _interval_of_mae(residuals, options.resampling, scheme == "frozen", in_both_roles(pairs))
    return PredictionScore(
        predictor=name,
        scheme=scheme,
        mae=float(np.abs(errors).mean()),
        mae_low=low,
        mae_high=high,
        r2=1 - float((errors**2).sum()) / spread if spread > 0 else float("nan"),
        spearman_within=rank_within(as_matrix(pairs, predicted), as_matrix(pairs, dice)),
        n_pairs=int(known.sum()),
    )


def left_out_interval(pairs: pd.DataFrame, predicted: Floats, options: AnalysisOptions) -> Interval:
    """The conformal interval of predictions (n_pairs,) that were made with both domains left out, checked on conditions
    that were left out of its calibration in their role."""
    level, seed = options.resampling.level, options.resampling.seed
    residuals = as_matrix(pairs, predicted - pairs["dice_mean"].to_numpy(np.float64))
    same, width = in_both_roles(pairs), None
    try:
        width = conformal_half_width(residuals, level, same)
        train, test = (fold_of(pairs, role, options.folds_of(pairs), seed) for role in ROLES)
        return width, coverage_left_out(residuals, (train, test), level, same), ""
    except UserError as error:
        return width, None, str(error)


def rank_within(predicted: Floats, dice: Floats) -> float:
    """Mean over training domains of the rank correlation over their test domains; NaN where nothing varies."""
    rows = []
    for p, d in zip(predicted, dice, strict=True):
        known = np.isfinite(p) & np.isfinite(d)
        if known.sum() > 2 and np.ptp(p[known]) > 0 and np.ptp(d[known]) > 0:
            rows.append(float(spearmanr(p[known], d[known]).statistic))
    return float(np.mean(rows)) if rows else float("nan")


def _interval_of_mae(
    residuals: Floats, how: Resampling, fitted_elsewhere: bool, same: Same
) -> tuple[float, float]:
    if min(trimmed(residuals).shape, default=0) < 2:
        return float("nan"), float("nan")
    low, high = mean_of_errors(np.abs(residuals), how, fitted_elsewhere, same).interval(how.level)
    return max(0.0, low), high
