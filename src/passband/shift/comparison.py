"""Does one way to predict beat another? The difference of their absolute errors, pair by pair.

Both predict the same pairs, so errors are compared where they were made: d_ij = |error of the baseline| -
|error of ours|, positive where ours is better. The mean of d is a crossed mean (`crossed`): its interval and
its one-sided p hold for new training and test domains. Against k baselines the p values are adjusted after
Holm (Scand. J. Stat. 6, 65 (1979)), so that "ours beats one of them" is claimed wrongly in at most the nominal
share of studies.

Errors of cross-validated models vary more between studies than within one, since all models of a study were
fitted to overlapping data (C. Nadeau, Y. Bengio, Mach. Learn. 52, 239 (2003)). In simulated studies in which
two measures are equally good, the variance of the mean difference was `fit_inflation` times the one of fixed
models (`benchmarks/null_studies.py`); the standard error is widened accordingly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.shift.crossed import CrossedMean, Resampling, Same, crossed_mean, trimmed

Floats = NDArray[np.float64]

FIT_COST: Final = 5.0
"""Found by simulation: 10 x 12 to 20 x 40 conditions, linear models and trees."""


@dataclass(frozen=True)
class Comparison:
    """Mean absolute error of a baseline less ours, with its interval; positive where ours is better.

    p: one-sided, of ours being no better; p_adjusted: after Holm, over all baselines of the comparison.
    """

    baseline: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float


def compared(
    ours: Floats,
    baselines: Mapping[str, Floats],
    how: Resampling,
    fitted_elsewhere: bool = False,
    same: Same | None = None,
) -> list[Comparison]:
    """Compare errors (n_training, n_test), NaN where a pair was not predicted, with those of every baseline.

    fitted_elsewhere: whether the models come from another study, so that nothing has to be widened; same: where row and
    column are one domain.
    """
    means = {
        name: mean_of_errors(np.abs(errors) - np.abs(ours), how, fitted_elsewhere, same)
        for name, errors in baselines.items()
    }
    adjusted = holm([mean.p_above_zero() for mean in means.values()])
    return [
        Comparison(name, mean.value, *mean.interval(how.level), mean.p_above_zero(), p)
        for (name, mean), p in zip(means.items(), adjusted, strict=True)
    ]


def fit_inflation(n_training: int, n_test: int) -> float:
    """Variance of a mean difference of cross-validated errors over that of fixed models, 1 in the limit."""
    return 1 + FIT_COST * (1 / n_training + 1 / n_test)


def mean_of_errors(
    values: Floats, how: Resampling, fitted_elsewhere: bool = False, same: Same | None = None
) -> CrossedMean:
    """Mean over pairs of what follows from errors, its standard error widened for models fitted within the study."""
    mean = crossed_mean(values, how.resamples, how.seed, same)
    inflation = 1.0 if fitted_elsewhere else fit_inflation(*trimmed(values).shape)
    return replace(mean, standard_error=mean.standard_error * float(np.sqrt(inflation)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values in the given order: the k-th smallest of n times n + 1 - k, never falling, at most 1."""
    order = np.argsort(p_values)
    adjusted, largest = np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return [float(value) for value in adjusted]
