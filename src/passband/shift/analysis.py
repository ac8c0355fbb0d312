"""From a table of pairs to what may be said of prediction: one call, values only.

The primary figure is fixed here, before any study: the mean absolute error of Dice for pairs whose training
and test domain were both left out, of the first predictor of ours, against every baseline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from passband.errors import UserError
from passband.shift.comparison import Comparison, Resampling, compared
from passband.shift.conformal import conformal_half_width, coverage_left_out
from passband.shift.leave_out import Role, Scheme, as_matrix, fold_of, folds, predictions
from passband.shift.predictors import Predictor, median_predictor

Floats = NDArray[np.float64]

SCHEMES: Final[tuple[Scheme, ...]] = ("test", "train", "both")
ROLES: Final[tuple[Role, ...]] = ("train", "test")


@dataclass(frozen=True)
class AnalysisOptions:
    """Folds per role, and how intervals are drawn."""

    resampling: Resampling = field(default_factory=lambda: Resampling(seed=0))
    n_folds: int = 5


@dataclass(frozen=True)
class PredictionScore:
    """How one predictor did in one scheme.

    mae: mean absolute error of Dice; r2: 1 - squared error over that of the mean, at most 1; spearman_within: rank
    correlation within a training domain, mean over them, NaN where a prediction is constant; half_width, coverage:
    of conformal intervals, the latter of pairs whose domains were not calibrated on; None if refused, and why.
    """

    predictor: str
    scheme: Scheme
    mae: float
    r2: float
    spearman_within: float
    n_pairs: int
    half_width: float | None
    coverage: float | None
    refusal: str


@dataclass(frozen=True)
class Analysis:
    """Scores of all predictors in all schemes, and the first of ours against every baseline, both left out."""

    networks: int
    primary: str
    scores: tuple[PredictionScore, ...]
    comparisons: tuple[Comparison, ...]

    def score(self, predictor: str, scheme: Scheme = "both") -> PredictionScore:
        """The score of a predictor. Raises StopIteration for an unknown one."""
        return next(one for one in self.scores if (one.predictor, one.scheme) == (predictor, scheme))

    def headline(self) -> dict[str, Any]:
        """The primary figure, as plain data for JSON."""
        ours = self.score(self.primary)
        best = min((self.score(each.baseline) for each in self.comparisons), key=lambda score: score.mae)
        against = next(each for each in self.comparisons if each.baseline == best.predictor)
        return {
            "networks": self.networks,
            "primary": self.primary,
            "mae_both_out": ours.mae,
            "best_baseline": best.predictor,
            "best_baseline_mae": best.mae,
            "mae_difference": against.difference,
            "mae_difference_interval": [against.low, against.high],
            "p_adjusted": against.p_adjusted,
            "spearman_within": ours.spearman_within if np.isfinite(ours.spearman_within) else None,
            "r2_both_out": ours.r2,
            "interval_half_width": ours.half_width,
            "interval_coverage": ours.coverage,
            "interval_refused": ours.refusal or None,
        }


def analyse(
    pairs: pd.DataFrame,
    ours: Sequence[Predictor],
    baselines: Sequence[Predictor],
    options: AnalysisOptions | None = None,
) -> Analysis:
    """Predict every pair without its domains, by ours (the first is the primary one) and by the baselines.

    pairs: see `pair_table`, with every column that the predictors name; the median is always a baseline. Raises
    UserError for a missing column, a missing Dice, two predictors of one name, or fewer than three conditions of a
    role.
    """
    options = options or AnalysisOptions()
    baselines = [median_predictor(), *baselines]
    _check(pairs, [*ours, *baselines])
    errors: dict[tuple[str, Scheme], Floats] = {}
    scores = []
    for scheme in SCHEMES:
        parts = folds(pairs, scheme, options.n_folds, options.resampling.seed)
        for predictor in (*ours, *baselines):
            predicted = predictions(pairs, predictor, parts)
            errors[predictor.name, scheme] = as_matrix(pairs, predicted - pairs["dice_mean"].to_numpy())
            scores.append(_score(pairs, predicted, predictor.name, scheme, options))
    return Analysis(
        networks=int(pairs.drop_duplicates("train_id")["n_networks"].sum()),
        primary=ours[0].name,
        scores=tuple(scores),
        comparisons=tuple(
            compared(
                errors[ours[0].name, "both"],
                {each.name: errors[each.name, "both"] for each in baselines},
                options.resampling,
            )
        ),
    )


def _check(pairs: pd.DataFrame, predictors: Sequence[Predictor]) -> None:
    names = [each.name for each in predictors]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"predictors: two are called '{twice}'; give each a name of its own")
    wanted = {"dice_mean": "pairs", "home_dice": "pairs"} | {
        column: f"predictor '{each.name}'" for each in predictors for column in each.columns
    }
    for column, by in wanted.items():
        if column not in pairs:
            raise UserError(f"{by}: the table of pairs has no column '{column}'")
    if pairs["dice_mean"].isna().any():
        lost = pairs.loc[pairs["dice_mean"].isna(), ["train_id", "test_id"]].iloc[0]
        raise UserError(f"pairs: {tuple(lost)} has no Dice; leave the pair out or finish its networks")


def _score(
    pairs: pd.DataFrame, predicted: Floats, name: str, scheme: Scheme, options: AnalysisOptions
) -> PredictionScore:
    known = np.isfinite(predicted)
    dice = pairs["dice_mean"].to_numpy(np.float64)
    errors = (predicted - dice)[known]
    spread = float(((dice[known] - dice[known].mean()) ** 2).sum())
    residuals = as_matrix(pairs, predicted - dice)
    width, coverage, refusal = _intervals(pairs, residuals, scheme, options)
    return PredictionScore(
        predictor=name,
        scheme=scheme,
        mae=float(np.abs(errors).mean()),
        r2=1 - float((errors**2).sum()) / spread if spread > 0 else float("nan"),
        spearman_within=_within(as_matrix(pairs, predicted), as_matrix(pairs, dice)),
        n_pairs=int(known.sum()),
        half_width=width,
        coverage=coverage,
        refusal=refusal,
    )


def _intervals(
    pairs: pd.DataFrame, residuals: Floats, scheme: Scheme, options: AnalysisOptions
) -> tuple[float | None, float | None, str]:
    """Half width and coverage; either is None where it is refused, and why."""
    level, seed = options.resampling.level, options.resampling.seed
    width = None
    try:
        width = conformal_half_width(residuals, level)
        train, test = (fold_of(pairs, role, options.n_folds, seed) for role in ROLES)
        return width, coverage_left_out(residuals, (train, test), level), ""
    except UserError as error:
        return width, None, str(error)


def _within(predicted: Floats, dice: Floats) -> float:
    """Mean over training domains of the rank correlation over their test domains."""
    rows = []
    for p, d in zip(predicted, dice, strict=True):
        known = np.isfinite(p) & np.isfinite(d)
        if known.sum() > 2 and np.ptp(p[known]) > 0 and np.ptp(d[known]) > 0:
            rows.append(float(spearmanr(p[known], d[known]).statistic))
    return float(np.mean(rows)) if rows else float("nan")
