"""How well could anything predict? What two halves of the networks of a pair say of each other.

Of the k networks of every training domain two lots of h = ⌊k/2⌋ are drawn at random, and the mean Dice of one lot over
the pairs is compared with that of the other. The reliability of all k follows from the correlation r of the lots after
Spearman and Brown, n r/(1 + (n - 1) r) with n = k/h, and no prediction correlates with the means better than its square
root. The mean absolute error that a perfect prediction would still have is √(h/2k) of the mean absolute difference of
the lots, half of it where k is even: one network's variance goes into the difference 2/h times, into the mean of all
1/k times.
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
    networks one is in neither half of a split. Raises UserError where a training domain has a single network.
    """
    away = means[means["train_id"] != means["test_id"]]
    tables = [
        rows.pivot(index="network_id", columns="test_id", values="value").to_numpy(np.float64)
        for _, rows in away.groupby("train_id")
    ]
    if min(len(table) for table in tables) < 2:
        raise UserError("scores: the noise ceiling needs two networks or more in every training domain")
    stream = random_stream(seed, "halves")
    sizes = np.array([len(table) for table in tables])
    found = [_one_split([_halves(table, stream) for table in tables], sizes) for _ in range(splits)]
    mae, r = np.mean(found, axis=0)
    return NoiseCeiling(float(mae), float(r))


def _halves(table: Floats, stream: np.random.Generator) -> tuple[Floats, Floats]:
    """Mean Dice by test domain of either half of the networks (n_networks, n_test)."""
    order, half = stream.permutation(len(table)), len(table) // 2
    return table[order[:half]].mean(0), table[order[half : 2 * half]].mean(0)


def _one_split(halves: list[tuple[Floats, Floats]], sizes: NDArray[np.int64]) -> tuple[float, float]:
    """The error of the mean of all networks, of which there are so many, and the square root of its reliability,
    clipped at 0."""
    shares = (sizes // 2) / sizes
    errors = np.concatenate(
        [np.sqrt(h / 2) * np.abs(a - b) for (a, b), h in zip(halves, shares, strict=True)]
    )
    varying = [(a, b) for a, b in halves if np.ptp(a) > 0 and np.ptp(b) > 0]
    r = float(np.mean([spearmanr(a, b).statistic for a, b in varying])) if varying else 0.0
    n = float((1 / shares).mean())
    return float(errors.mean()), float(np.sqrt(n * r / (1 + (n - 1) * r))) if r > 0 else 0.0
