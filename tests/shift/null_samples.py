"""Simulated studies whose truth is known; the benchmark of the statistics draws from them too."""

import numpy as np
import pandas as pd

MIXES = {"domains": (2.0, 2.0, 0.5), "both": (1.0, 1.0, 1.0), "pairs": (0.0, 0.0, 1.0)}
"""Weights of what varies with the training domain, with the test domain, and with the pair."""


def correlated(stream: np.random.Generator, shape: tuple[int, int], r: float) -> np.ndarray:
    first, second = stream.normal(size=(2, *shape))
    return np.stack([first, r * first + np.sqrt(1 - r**2) * second])


def crossed_tables(
    stream: np.random.Generator,
    shape: tuple[int, int],
    weights: tuple[float, float, float],
    r: float = 0.0,
    both: int = 0,
) -> np.ndarray:
    """Two tables (2, n, m) of mean 0, of rows, columns and cells, each of which goes with that of the other table by r.

    The first `both` domains have one effect in both roles, and no pair with themselves.
    """
    n, m = shape
    rows, columns, cells = (correlated(stream, each, r) for each in ((n, 1), (1, m), shape))
    columns[:, 0, :both] = rows[:, :both, 0]
    tables = weights[0] * rows + weights[1] * columns + weights[2] * cells
    tables[:, range(both), range(both)] = np.nan
    return tables


def null_study(stream: np.random.Generator, n: int, m: int) -> pd.DataFrame:
    """Dice falls with a hidden distance, of which x and y are equally noisy copies."""
    place, other = stream.uniform(-30, 30, n), stream.uniform(-30, 30, m)

    def noise(size: float) -> np.ndarray:
        return size * (stream.normal(size=(n, 1)) + stream.normal(size=(1, m)) + stream.normal(size=(n, m)))

    distance = np.abs(place[:, None] - other) / 60 + noise(0.1)
    dice = 0.95 - 0.4 * np.clip(distance, 0, 1) + 0.02 * stream.normal(size=(n, m))
    return pd.DataFrame(
        {
            "train_id": np.repeat([f"a{i}" for i in range(n)], m),
            "test_id": np.tile([f"b{j}" for j in range(m)], n),
            "dice_mean": np.clip(dice, 0, 1).ravel(),
            "home_dice": np.repeat(0.95 + 0.01 * stream.normal(size=n), m),
            "x": (distance + noise(0.15)).ravel(),
            "y": (distance + noise(0.15)).ravel(),
        }
    )
