"""What any prediction of a study is up against: the noise of its networks, the asymmetry of its pairs, and chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError
from passband.shift import permutation
from passband.shift.asymmetry import asymmetry, explained_asymmetry, square_drops
from passband.shift.ceiling import NoiseCeiling, noise_ceiling
from passband.shift.leave_out import as_matrix, in_both_roles
from passband.shift.permutation import PermutationTest

Floats = NDArray[np.float64]

SPLITS = 50
FEWEST_PERMUTATIONS = 999
PERMUTATIONS_PER_MEASURE = 40
"""So the smallest p that can come out, times the number of measures, is half of 5%."""


@dataclass(frozen=True)
class ExplainedAsymmetry:
    """share in [0, 1] of the antisymmetric part among `domains` in both roles.

    best: of the measures that were tried the one that goes with most of it, chosen afterwards, and how much in [0, 1];
    empty and NaN where none varies.
    """

    share: float
    domains: int
    best: str
    explained: float


@dataclass(frozen=True)
class Limits:
    """What was found, None where it was refused; refusals: why, in sentences."""

    ceiling: NoiseCeiling | None
    asymmetry: ExplainedAsymmetry | None
    mantel: dict[str, PermutationTest]
    refusals: tuple[str, ...]


def limits(means: pd.DataFrame, pairs: pd.DataFrame, measures: Sequence[str], seed: int) -> Limits:
    """Noise ceiling, asymmetry and permutation tests of a study.

    means: of every network, see `ceiling.noise_ceiling`; pairs: see `pair_table`, with the named measures.
    """
    refusals: list[str] = []
    ceiling = explained = None
    try:
        ceiling = noise_ceiling(means, SPLITS, seed)
    except UserError as error:
        refusals.append(str(error))
    try:
        explained = explained_by(pairs, measures)
    except UserError as error:
        refusals.append(str(error))
    return Limits(ceiling, explained, permutation_tests(pairs, measures, seed), tuple(refusals))


def explained_by(pairs: pd.DataFrame, measures: Sequence[str]) -> ExplainedAsymmetry:
    """Asymmetry of the drops, and which measure goes with most of it. Raises UserError for too few domains."""
    drops = square_drops(pairs)
    whole = asymmetry(drops.to_numpy(np.float64))
    shares = {}
    for name in measures:
        square = pairs.pivot(index="train_id", columns="test_id", values=name)
        values = square.loc[drops.index, drops.columns].to_numpy(np.float64)
        if np.isfinite(values).all():
            shares[name] = explained_asymmetry(drops.to_numpy(np.float64), values)
    best = max(shares, key=lambda name: shares[name], default="")
    return ExplainedAsymmetry(whole.share, whole.domains, best, shares.get(best, float("nan")))


def permutation_tests(pairs: pd.DataFrame, measures: Sequence[str], seed: int) -> dict[str, PermutationTest]:
    """Of every measure that varies, against the Dice lost away from home (Mantel).

    As many permutations as leave p below 5% within reach when it is multiplied by the number of measures.
    """
    varying = [name for name in measures if pairs[name].nunique() > 1]
    permutations = max(FEWEST_PERMUTATIONS, PERMUTATIONS_PER_MEASURE * len(varying) - 1)
    lost = (pairs["home_dice"] - pairs["dice_mean"]).where(pairs["train_id"] != pairs["test_id"])
    drops = as_matrix(pairs, lost.to_numpy(np.float64))
    measured = {name: as_matrix(pairs, pairs[name].to_numpy(np.float64)) for name in varying}
    return permutation.permutation_tests(drops, measured, (), permutations, seed, in_both_roles(pairs))
