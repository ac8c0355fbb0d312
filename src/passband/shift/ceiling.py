"""How well could anything predict? What two halves of the networks of a pair say of each other.

The networks of every training domain are split at random into halves, and the mean Dice of one half over the
pairs is compared with that of the other. Two halves carry the noise of half the networks each. The
reliability of all networks follows from the correlation r of halves after Spearman and Brown, 2 r/(1 + r), and
no prediction correlates with the means better than its square root. The mean absolute error that a perfect
prediction would still have is half the mean absolute difference of the halves: their difference has four
times the variance of the mean of all networks.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from passband.errors import UserError
from passband.seeds import random_stream

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseCeiling:
    """mae: the least mean absolute error of Dice; r: the largest rank correlation within a training domain."""

    mae: float
    r: float


def noise_ceiling(means: pd.DataFrame, splits: int, seed: int) -> NoiseCeiling:
    """Mean over random splits of the networks in halves, pairs of a domain with itself left out.

    means: network_id, train_id, test_id, value, as `matrix.network_means` gives them for "dice". Of an odd number of
    networks one is left out of each split. Raises UserError where a training domain has a single network.
    """
    away = means[means["train_id"] != means["test_id"]]
    tables = [
        rows.pivot(index="network_id", columns="test_id", values="value").to_numpy(np.float64)
        for _, rows in away.groupby("train_id")
    ]
    if min(len(table) for table in tables) < 2:
        raise UserError("scores: the noise ceiling needs two networks or more in every training domain")
    stream = random_stream(seed, "halves")
    found = [_one_split([_halves(table, stream) for table in tables]) for _ in range(splits)]
    mae, r = np.mean(found, axis=0)
    return NoiseCeiling(float(mae), float(r))


def _halves(table: Floats, stream: np.random.Generator) -> tuple[Floats, Floats]:
    """Mean Dice by test domain of either half of the networks (n_networks, n_test)."""
    order, half = stream.permutation(len(table)), len(table) // 2
    return table[order[:half]].mean(0), table[order[half : 2 * half]].mean(0)


def _one_split(halves: list[tuple[Floats, Floats]]) -> tuple[float, float]:
    """Half the mean absolute difference, and the square root of the reliability, clipped at 0."""
    differences = np.concatenate([np.abs(a - b) for a, b in halves])
    varying = [(a, b) for a, b in halves if np.ptp(a) > 0 and np.ptp(b) > 0]
    r = float(np.mean([spearmanr(a, b).statistic for a, b in varying])) if varying else 0.0
    return float(differences.mean()) / 2, float(np.sqrt(max(0.0, 2 * r / (1 + r)))) if r > -1 else 0.0
