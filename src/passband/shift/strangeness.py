"""Whether a pair is like those that a model was fitted on: a model tells the mean of what is far from all it knows.

The distance of two pairs is that of their features, each in standard deviations of the known pairs. A pair is as
strange as the share of known pairs that are nearer to another known pair, of which neither domain is their own,
than it is to any: 0.5 for a pair like the others, 1 for one that is farther off than all of them.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from passband.shift.pair_table import KEYS
from passband.shift.predictors import Predictor

Floats = NDArray[np.float64]

AT_ONCE = 512
"""Pairs whose distances to all others are held in memory at a time."""


def strangeness(pairs: pd.DataFrame, known: pd.DataFrame, predictor: Predictor) -> Floats:
    """Of every pair, in [0, 1], among the known ones, by the features of a predictor; (n_pairs,).

    Missing features (NaN) count as the mean. Raises KeyError for a column that is not there.
    """
    features = predictor.features(known)
    centre, spread = np.nanmean(features, axis=0), np.nanstd(features, axis=0)
    varying = spread > 0

    def standard(table: pd.DataFrame) -> Floats:
        scaled = (predictor.features(table) - centre)[:, varying] / spread[varying]
        return np.where(np.isfinite(scaled), scaled, 0.0)

    names = known[KEYS].to_numpy(str)
    train, test = np.unique(names, return_inverse=True)[1].reshape(names.shape).T
    own = standard(known)
    usual = np.empty(len(own))
    for first in range(0, len(own), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        distances = cdist(own[part], own)
        related = np.logical_or.reduce(
            [one[part, None] == other for one in (train, test) for other in (train, test)]
        )
        usual[part] = np.where(related, np.inf, distances).min(axis=1)
    away = np.concatenate(
        [cdist(standard(pairs.iloc[k : k + AT_ONCE]), own).min(axis=1) for k in range(0, len(pairs), AT_ONCE)]
    )
    shares: Floats = np.searchsorted(np.sort(usual), away, side="left") / len(usual)
    return shares
