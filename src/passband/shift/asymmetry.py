"""Going from A to B is not going from B to A: how much of a matrix is of that kind, and who foretells it.

Over the domains that were both trained on and tested in, the drop g_ij from domain i to j splits into
symmetric and antisymmetric parts, (g_ij ± g_ji)/2. The share of the antisymmetric one is its sum of squares
over both, with the mean of all drops taken out of the symmetric part. A measure explains, of the
antisymmetric part, the square of the correlation through the origin with its own antisymmetric part; a
symmetric measure explains nothing of it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asymmetry:
    """share in [0, 1] of the antisymmetric part; domains: how many are in both roles."""

    share: float
    domains: int


def square_drops(pairs: pd.DataFrame) -> pd.DataFrame:
    """home_dice - dice_mean between the domains in both roles, a square table by (train_id, test_id).

    Raises UserError for fewer than three such domains.
    """
    both = sorted(set(pairs["train_id"]) & set(pairs["test_id"]))
    if len(both) < 3:
        raise UserError(
            f"pairs: {len(both)} domains are both trained on and tested in; asymmetry needs 3 or more"
        )
    drop = pairs.assign(drop=pairs["home_dice"] - pairs["dice_mean"])
    return drop.pivot(index="train_id", columns="test_id", values="drop").loc[both, both]


def asymmetry(drops: Floats) -> Asymmetry:
    """Of a square matrix of drops (n, n), whose diagonal is not used."""
    upper = np.triu_indices(len(drops), 1)
    there, back = drops[upper], drops.T[upper]
    even, odd = (there + back) / 2, (there - back) / 2
    even = even - even.mean()
    total = float((even**2).sum() + (odd**2).sum())
    return Asymmetry(float((odd**2).sum()) / total if total > 0 else 0.0, len(drops))


def explained_asymmetry(drops: Floats, measure: Floats) -> float:
    """Share in [0, 1] of the antisymmetric part of drops (n, n) that a measure (n, n) goes with."""
    upper = np.triu_indices(len(drops), 1)
    g, m = ((each - each.T)[upper] / 2 for each in (drops, measure))
    own, other = float(g @ g), float(m @ m)
    return float((g @ m) ** 2 / (own * other)) if own > 0 and other > 1e-24 else 0.0
