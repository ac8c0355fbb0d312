"""From a table of pairs to what may be said of prediction: one call, values only.

The primary figure is fixed here, before any study: the mean absolute error of Dice for pairs whose training
and test domain were both left out, of the first predictor of ours, against every baseline. With models that
were fitted on another study and frozen it is that of all pairs of this one, home excepted.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError
from passband.shift.comparison import Comparison, compared
from passband.shift.leave_out import Scheme, as_matrix, folds, in_both_roles, predictions
from passband.shift.predictors import Predictor, median_predictor
from passband.shift.reference import Reference
from passband.shift.scoring import (
    SCHEMES,
    AnalysisOptions,
    Interval,
    Judged,
    PredictionScore,
    left_out_interval,
    scored,
)

__all__ = [
    "SCHEMES",
    "Analysis",
    "AnalysisOptions",
    "PredictionScore",
    "analyse",
    "analyse_frozen",
]

Floats = NDArray[np.float64]
Found = tuple[Floats, PredictionScore]
"""Predicted Dice of all pairs, and how good that is."""
Key = tuple[Predictor, Judged]
"""A predictor, and what was left out."""
Memory = dict[Key, Found]
"""What was found of predictors that take part in two contests: on the same pairs, reference and options."""


@dataclass(frozen=True)
class Analysis:
    """Scores of all predictors, and the first of ours against every baseline in the scheme that decides.

    beside: every one of ours, by name, against the best baseline of that scheme. scheme: "both" left out, or
    "frozen"; predicted, interval: Dice (n_pairs,) by the first of ours in that scheme, NaN where a pair was not
    predicted, in the order of the pair table, and what may be stated around it.
    """

    networks: int
    primary: str
    scores: tuple[PredictionScore, ...]
    comparisons: tuple[Comparison, ...]
    beside: Mapping[str, Comparison]
    scheme: Judged
    predicted: Floats
    interval: Interval

    def score(self, predictor: str, scheme: Judged | None = None) -> PredictionScore:
        """A predictor's score, in the scheme that decides if none is named. Raises StopIteration for an unknown one."""
        wanted = (predictor, scheme or self.scheme)
        return next(one for one in self.scores if (one.predictor, one.scheme) == wanted)

    def best_baseline(self) -> PredictionScore:
        """The baseline with the smallest error in the scheme that decides."""
        return min((self.score(each.baseline) for each in self.comparisons), key=lambda score: score.mae)

    def headline(self) -> dict[str, Any]:
        """The primary figure, as plain data for JSON."""
        ours, best = self.score(self.primary), self.best_baseline()
        against = next(each for each in self.comparisons if each.baseline == best.predictor)
        width, coverage, refusal = self.interval
        easier = {each.scheme: each.mae for each in self.scores if each.predictor == self.primary}
        return {
            "networks": self.networks,
            "primary": self.primary,
            "mae_both_out": ours.mae,
            "mae_interval": _finite(ours.mae_low, ours.mae_high),
            "mae_test_out": easier.get("test"),
            "mae_train_out": easier.get("train"),
            "best_baseline": best.predictor,
            "best_baseline_mae": best.mae,
            "mae_difference": against.difference,
            "mae_difference_interval": [against.low, against.high],
            "p_adjusted": against.p_adjusted,
            "mae_of_constant": self.score("median").mae,
            "spearman_within": ours.spearman_within if np.isfinite(ours.spearman_within) else None,
            "r2_both_out": ours.r2 if np.isfinite(ours.r2) else None,
            "best_baseline_r2": best.r2 if np.isfinite(best.r2) else None,
            "interval_half_width": width,
            "interval_coverage": coverage,
            "interval_refused": refusal or None,
        }


def analyse(
    pairs: pd.DataFrame,
    ours: Sequence[Predictor],
    baselines: Sequence[Predictor],
    options: AnalysisOptions | None = None,
    memory: Memory | None = None,
) -> Analysis:
    """Predict every pair without its domains, by ours (the first is the primary one) and by the baselines.

    The primary one is also tried with the test domain, or the training domain, left out alone. pairs: see `pair_table`,
    with every column that the predictors name; the median is always a baseline. memory: of an earlier call with these
    pairs and options. Raises UserError for a missing column, a missing Dice, two predictors of one name, or fewer than
    three conditions of a role.
    """
    options, memory = options or AnalysisOptions(), {} if memory is None else memory
    baselines = [median_predictor(), *baselines]
    _check(pairs, [*ours, *baselines])
    found: list[Found] = []
    for scheme in SCHEMES:
        taking_part = [*ours, *baselines] if scheme == "both" else ours[:1]
        found += _side_by_side(_leaving_out(pairs, scheme, options), taking_part, scheme, options, memory)
    predicted, _ = memory[ours[0], "both"]
    interval = left_out_interval(pairs, predicted, options)
    return _concluded(pairs, ours, baselines, found, "both", interval, options)


def analyse_frozen(
    pairs: pd.DataFrame,
    reference: Reference,
    ours: Sequence[Predictor],
    baselines: Sequence[Predictor],
    memory: Memory | None = None,
) -> Analysis:
    """Judge models that were fitted once, on all pairs of a reference, on the pairs of another study.

    Nothing is fitted again, so intervals speak of the domains of the study judged and need no widening. Conformal half
    widths are those of the reference, with both domains left out there; coverage is counted in the study judged.
    Options are those of the reference; memory, errors: as of `analyse`.
    """
    options, memory = reference.options, {} if memory is None else memory
    baselines = [median_predictor(), *baselines]
    for table in (pairs, reference.pairs):
        _check(table, [*ours, *baselines])
    away = (pairs["train_id"] != pairs["test_id"]).to_numpy()

    def one(predictor: Predictor) -> Found:
        predicted = np.where(away, reference.model(predictor)(predictor.features(pairs)), np.nan)
        return predicted, scored(pairs, predicted, predictor.name, "frozen", options)

    found = _side_by_side(one, [*ours, *baselines], "frozen", options, memory)
    interval = _frozen_interval(pairs, reference, ours[0], memory[ours[0], "frozen"][0])
    return _concluded(pairs, ours, baselines, found, "frozen", interval, options)


def _leaving_out(
    pairs: pd.DataFrame, scheme: Scheme, options: AnalysisOptions
) -> Callable[[Predictor], Found]:
    parts = folds(pairs, scheme, options.folds_of(pairs), options.resampling.seed)

    def one(predictor: Predictor) -> Found:
        predicted = predictions(pairs, predictor, parts)
        return predicted, scored(pairs, predicted, predictor.name, scheme, options)

    return one


def _side_by_side(
    one: Callable[[Predictor], Found],
    taking_part: Sequence[Predictor],
    scheme: Judged,
    options: AnalysisOptions,
    memory: Memory,
) -> list[Found]:
    """What is found of each predictor, in the order given; what is remembered is not found again."""
    from threadpoolctl import threadpool_limits

    fresh = [each for each in taking_part if (each, scheme) not in memory]
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(options.threads) as pool:
        for each, found in zip(fresh, pool.map(one, fresh), strict=True):
            memory[each, scheme] = found
            options.heard()
    return [memory[each, scheme] for each in taking_part]


def _concluded(
    pairs: pd.DataFrame,
    ours: Sequence[Predictor],
    baselines: Sequence[Predictor],
    found: Sequence[Found],
    scheme: Judged,
    interval: Interval,
    options: AnalysisOptions,
) -> Analysis:
    predicted = {score.predictor: values for values, score in found if score.scheme == scheme}
    dice = pairs["dice_mean"].to_numpy(np.float64)
    errors = {name: as_matrix(pairs, values - dice) for name, values in predicted.items()}
    elsewhere, same = scheme == "frozen", in_both_roles(pairs)
    baseline_errors = {each.name: errors[each.name] for each in baselines}
    comparisons = compared(errors[ours[0].name], baseline_errors, options.resampling, elsewhere, same)
    best = min(baseline_errors, key=lambda name: float(np.nanmean(np.abs(errors[name]))))
    beside = {
        each.name: compared(errors[each.name], {best: errors[best]}, options.resampling, elsewhere, same)[0]
        for each in ours
    }
    return Analysis(
        networks=int(pairs.drop_duplicates("train_id")["n_networks"].sum()),
        primary=ours[0].name,
        scores=tuple(score for _, score in found),
        comparisons=tuple(comparisons),
        beside=beside,
        scheme=scheme,
        predicted=predicted[ours[0].name],
        interval=interval,
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


def _frozen_interval(
    pairs: pd.DataFrame, reference: Reference, predictor: Predictor, predicted: Floats
) -> Interval:
    """Half width of a predictor in its reference, and the share of the pairs judged within it."""
    try:
        width = reference.half_width(predictor)
    except UserError as error:
        return None, None, str(error)
    off = np.abs(predicted - pairs["dice_mean"].to_numpy(np.float64))
    return width, float((off[np.isfinite(off)] <= width).mean()), ""


def _finite(low: float, high: float) -> list[float] | None:
    return [low, high] if np.isfinite(low) and np.isfinite(high) else None
