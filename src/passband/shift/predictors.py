"""Models that predict the Dice of a pair from what is known beforehand; a variant is another `fit` function.

Every predictor also sees `home_dice`, the in-distribution Dice of the networks, since that is known to
whoever trains them; so what is compared is what each measure adds to it. Monotone means: more overlap, or
less distance, never lowers the prediction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from passband.seeds import random_stream
from passband.shift.additive import Additive

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]
"""Features (n, p) to Dice (n,)."""
Fit = Callable[[Floats, Floats, Sequence[int]], Predict]
"""Features (n, p), Dice (n,) and the sign of every feature's effect (+1, -1, 0 for any) to a model."""

ONE_BY_ONE: Final = Lock()
"""Held while trees grow or predict."""
MOST_PAIRS: Final = 10_000
"""Pairs that a smooth model is fitted to at most: its cost grows with their square. Trees take all."""
PAIRS_PER_DOMAIN: Final = 12
"""Pairs of a training domain beyond which more teach little (docs/decisions/0025 and 0026) ..."""
ENOUGH_PAIRS: Final = 2000
"""... unless there are no more than these in all."""
STIFFNESS: Final = 4.0
"""Largest weight of one pair in a smooth model [log-odds of Dice]."""
KNOWN_TO: Final = 0.1
"""Errors below this do not move a smooth model [log-odds]: .016 at a Dice of .8, about what two networks of one domain
are apart."""
AT_ONCE: Final = 1024
"""Pairs whose distances to all support vectors are held in memory at a time."""
SUREST: Final = 0.98
"""Dice beyond this, and below 1 less this, is taken for this: log-odds have no end."""


@dataclass(frozen=True)
class Predictor:
    """A named way to predict.

    columns: features of the pair table, beside home_dice; larger: by column, +1 where more is better, -1 where less
    is, 0 where nothing is promised.
    """

    name: str
    columns: tuple[str, ...]
    larger: tuple[int, ...]
    fit: Fit

    def features(self, pairs: pd.DataFrame) -> Floats:
        """(n_pairs, 1 + n_columns), home_dice first. Raises KeyError for a column that is not there."""
        return pairs[["home_dice", *self.columns]].to_numpy(np.float64)

    def fitted(self, features: Floats, dice: Floats) -> Predict:
        """The model of some pairs."""
        return self.fit(features, dice, (1, *self.larger))


def by_measures(name: str, larger: dict[str, int]) -> Predictor:
    """A sum of monotone functions of measures, with the sign of each."""
    return Predictor(name, tuple(larger), tuple(larger.values()), Additive)


def by_signed_trees(name: str, larger: dict[str, int]) -> Predictor:
    """Trees on measures that depend on each other, monotone in those with a sign."""
    return Predictor(name, tuple(larger), tuple(larger.values()), monotone_trees)


def by_kernel(name: str, columns: Sequence[str]) -> Predictor:
    """A smooth function of many features, none of which promises a sign."""
    return Predictor(name, tuple(columns), (0,) * len(columns), smooth)


def by_kernel_in_turn(name: str, first: Sequence[str], then: Sequence[str]) -> Predictor:
    """A smooth function of the first features, and a gentle correction of it by those that come then."""
    columns = (*first, *then)
    return Predictor(name, columns, (0,) * len(columns), smooth_in_turn(1 + len(first)))


def by_parameters(name: str, columns: Sequence[str]) -> Predictor:
    """Free trees on raw parameters of both domains: a serious baseline, which knows no physics."""
    return Predictor(name, tuple(columns), (0,) * len(columns), monotone_trees)


def median_predictor() -> Predictor:
    """The median Dice of all pairs, whatever they are."""
    return Predictor("median", (), (), median)


def median(features: Floats, dice: Floats, larger: Sequence[int]) -> Predict:
    """A constant."""
    constant = float(np.median(dice))
    return lambda x: np.full(len(x), constant)


def linear(features: Floats, dice: Floats, larger: Sequence[int]) -> Predict:
    """Least squares on standardised features with a ridge of one pair's weight; signs are not imposed."""
    centre, spread = features.mean(0), features.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled, mean = (features - centre) / spread, float(dice.mean())
    slopes = np.linalg.solve(scaled.T @ scaled + np.eye(scaled.shape[1]), scaled.T @ (dice - mean))
    return lambda x: np.clip(mean + (x - centre) / spread @ slopes, 0.0, 1.0)


def monotone_trees(features: Floats, dice: Floats, larger: Sequence[int]) -> Predict:
    """Boosted trees of depth three, monotone in the features with a sign.

    scikit-learn's HistGradientBoostingRegressor; a missing feature (NaN) is a value of its own there.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    empty = np.isnan(features).all(axis=0)  # scikit-learn takes a missing feature, but no column of them
    model = HistGradientBoostingRegressor(
        loss="squared_error",  # for the absolute error, leaves are medians, which break the promised monotony
        learning_rate=0.1,
        max_iter=100,
        max_depth=3,
        min_samples_leaf=max(5, len(dice) // 100),
        monotonic_cst=list(larger),
        early_stopping=False,
        random_state=0,
    )

    def filled(x: Floats) -> Floats:
        return np.where(empty, 0.0, x)

    def predicted(x: Floats) -> Floats:
        with ONE_BY_ONE, threadpool_limits(1, "openmp"):
            return np.asarray(np.clip(model.predict(filled(x)), 0.0, 1.0), dtype=np.float64)

    # for so few pairs several threads take longer, by far on busy cores, and so do several models side by side, since
    # most of the time is spent under Python's lock
    with ONE_BY_ONE, threadpool_limits(1, "openmp"):
        model.fit(filled(features), dice)
    return predicted


def smooth(features: Floats, dice: Floats, larger: Sequence[int]) -> Predict:
    """Support vector regression with a Gaussian kernel on standardised features; signs are not imposed.

    Dice is a smooth function of spectra, and a pair lies between pairs whose domains are like its own; trees have to
    cut that into steps. What is fitted are the log-odds of Dice, on which what is lost near 1 and what is lost in
    between count alike. The kernel is as wide as the features are many, gamma = 1/(2p). A missing feature (NaN,
    infinite) is taken for the mean.
    A. J. Smola, B. Schölkopf, Stat. Comput. 14, 199 (2004).
    """
    features, dice = _some_of(features, dice)
    model = _support_vectors(features, _log_odds(dice), STIFFNESS)
    return lambda x: expit(model(x))


@cache  # one function for one number, so that equal predictors are equal
def smooth_in_turn(first: int) -> Fit:
    """`smooth` on the first features, then on all of them for what that left, a third as stiff: few good features
    are not drowned by many."""

    def fit(features: Floats, dice: Floats, larger: Sequence[int]) -> Predict:
        features, dice = _some_of(features, dice)
        wanted = _log_odds(dice)
        start = _support_vectors(features[:, :first], wanted, STIFFNESS)
        rest = _support_vectors(features, wanted - start(features[:, :first]), STIFFNESS / 3)
        return lambda x: expit(start(x[:, :first]) + rest(x))

    return fit


def _log_odds(dice: Floats) -> Floats:
    return np.asarray(logit(np.clip(dice, 1 - SUREST, SUREST)), dtype=np.float64)


def pairs_fitted(training_domains: int) -> int:
    """How many pairs a smooth model is fitted to where there are more."""
    return min(MOST_PAIRS, max(ENOUGH_PAIRS, PAIRS_PER_DOMAIN * training_domains))


def _some_of(features: Floats, dice: Floats) -> tuple[Floats, Floats]:
    """Pairs to fit on, drawn at random; all of them, as they are, where there are few."""
    most = pairs_fitted(len(np.unique(features[:, 0])))  # every training domain has its own home_dice
    if len(dice) <= most:
        return features, dice
    drawn = random_stream(0, "pairs to fit on").permutation(len(dice))[:most]
    return features[drawn], dice[drawn]


def _support_vectors(features: Floats, values: Floats, stiffness: float) -> Predict:
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.svm import SVR

    known = np.isfinite(features)
    count = np.maximum(known.sum(0), 1)
    centre = np.where(known, features, 0).sum(0) / count
    spread = np.sqrt(np.where(known, (features - centre) ** 2, 0).sum(0) / count)
    spread = np.where(spread > 0, spread, 1.0)

    def standardised(x: Floats) -> Floats:
        return np.asarray(np.where(np.isfinite(x), (x - centre) / spread, 0.0), dtype=np.float64)

    gamma = 0.5 / features.shape[1]
    model = SVR(C=stiffness, epsilon=KNOWN_TO, gamma=gamma)
    model.fit(standardised(features), values)
    vectors, weights, offset = model.support_vectors_, model.dual_coef_[0], model.intercept_[0]

    if not len(vectors):  # all that was fitted lies within KNOWN_TO of one number
        return lambda x: np.full(len(x), offset)

    def predicted(x: Floats) -> Floats:
        """As model.predict, which goes from row to row and takes several times as long."""
        parts = np.array_split(standardised(x), max(1, -(-len(x) // AT_ONCE)))
        return np.concatenate([rbf_kernel(part, vectors, gamma) @ weights + offset for part in parts])

    return predicted
