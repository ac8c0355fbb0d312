"""Does a measure put the performance drops into the right order?

Spearman's and Kendall's rank correlation of the drop with each measure, in two scopes: `overall`, over all
pairs of training and test domain, and `within_training`, the mean over training domains of the correlation
over their test domains, which no training domain that is bad everywhere can feign. A pair of a domain with
itself is left out: its drop is zero by definition, so it would only flatter every measure. The drop of a pair
is the median over networks of G_OOD, positive = worse, so a good distance correlates positively, a good
similarity (σ, coverage) negatively.

Each value is the mean over pairs of their influence on it (see `influence`), so its interval is that of a
crossed mean (see `crossed`), taken on Fisher's scale, artanh ρ. It speaks of other training and test domains,
with other networks, but of the same structures.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.shift.bootstrap import everything_once, median_gaps
from passband.shift.crossed import (
    CrossedMean,
    Resampling,
    Same,
    crossed_mean,
    same_domain,
    separate_blocks,
    trimmed,
)
from passband.shift.cube import ScoreCube, score_cube
from passband.shift.influence import STATISTICS

Floats = NDArray[np.float64]

FEWEST_LEVELS: Final = 5
"""Below this number of training domains, test domains or structures an interval is flagged as rough."""
FEWEST_BLOCKS: Final = 10
"""Below this number of blocks likewise: few unequal ones vary more than they tell."""
FEWEST_NETWORKS: Final = 2
"""Below this number of networks in a training domain the interval knows nothing of random starts."""
FEWEST_TO_RESAMPLE: Final = 3
"""Below this number of training or test domains with a value there is no interval."""


@dataclass(frozen=True)
class Levels:
    """How many levels of each factor hold data; n_networks is the smallest number in any training domain, n_blocks 1
    where all training domains meet all tests."""

    n_training_domains: int
    n_test_domains: int
    n_networks: int
    n_structures: int
    n_blocks: int = 1

    def note(self) -> str:
        """A warning about factors with too few levels, or an empty string."""
        counts = {
            "training domains": (self.n_training_domains, FEWEST_LEVELS),
            "test domains": (self.n_test_domains, FEWEST_LEVELS),
            "networks per training domain": (self.n_networks, FEWEST_NETWORKS),
            "structures": (self.n_structures, FEWEST_LEVELS),
        }
        few = [f"{n} {name}" for name, (n, fewest) in counts.items() if n < fewest]
        few += [f"{self.n_blocks} blocks"] if 1 < self.n_blocks < FEWEST_BLOCKS else []
        return f"rough interval: only {', '.join(few)}" if few else ""


def effective_levels(cube: ScoreCube) -> Levels:
    """Count the levels of each factor that hold at least one value."""
    known = np.isfinite(cube.badness)
    return Levels(
        n_training_domains=int(known.any(axis=(1, 2, 3)).sum()),
        n_test_domains=int(known.any(axis=(0, 1, 3)).sum()),
        n_networks=int(known.any(axis=(2, 3)).sum(axis=1).min()),
        n_structures=int(known.any(axis=(0, 1, 2)).sum()),
        n_blocks=len(separate_blocks(np.asarray(known.any(axis=(1, 3))))),
    )


def rank_correlations(
    scores: pd.DataFrame, metric: str, measures: pd.DataFrame, names: Sequence[str], bootstrap: Resampling
) -> pd.DataFrame:
    """Rank correlation of the drop of a metric with each named column of measures, with bootstrap intervals.

    scores: as in `cube.score_cube`; measures: one row per (train_id, test_id) with the named columns, NaN
    where a measure is unknown. Returns one row per measure, scope (overall | within_training) and statistic
    (spearman | kendall): measure, metric, scope, statistic, value, low, high (NaN where nothing varies, or for
    fewer than three domains of a role), level, n_pairs, n_resamples, n_degenerate (all of them where there is
    no interval, else 0), the counts of `Levels`, note. Raises ValueError where measures hold a pair twice.
    """
    cube = score_cube(scores, metric)
    levels = effective_levels(cube)
    drops = median_gaps(cube, everything_once(cube))[0]
    same = same_domain(cube.train_ids, cube.test_ids)
    rows = []
    for name in names:
        matrix = measure_matrix(measures, name, cube)
        known = {"n_pairs": int(np.isfinite(drops + matrix).sum()), **asdict(levels), "note": levels.note()}
        for (scope, statistic), values in correlation_values(drops, matrix).items():
            row = {"measure": name, "metric": metric, "scope": scope, "statistic": statistic}
            rows.append(row | _estimate(values, scope, bootstrap, same) | known)
    return pd.DataFrame(rows)


def measure_matrix(measures: pd.DataFrame, name: str, cube: ScoreCube) -> NDArray[np.float64]:
    """A measure as (n_training_domains, n_test_domains) in the order of the cube; NaN where it is unknown.

    To single precision: what differs by less is the same, and must not be ranked by how it was rounded.
    """
    if measures.duplicated(["train_id", "test_id"]).any():
        raise ValueError("measures hold a pair of domains more than once; choose one weight first")
    matrix = measures.pivot(index="train_id", columns="test_id", values=name)
    known = matrix.reindex(index=cube.train_ids, columns=cube.test_ids).to_numpy(np.float32)
    return known.astype(np.float64)


def correlation_values(drops: Floats, measure: Floats) -> dict[tuple[str, str], Floats]:
    """Values by (scope, statistic) whose mean over pairs is the correlation: (n_training, n_test), NaN if unknown."""
    known = np.isfinite(drops + measure)
    values = {}
    for statistic, of in STATISTICS.items():
        overall, within = np.full(drops.shape, np.nan), np.full(drops.shape, np.nan)
        if known.sum() > 1:
            overall[known] = of(measure[known], drops[known])
        for row, pairs in enumerate(known):
            if pairs.sum() > 1:
                within[row, pairs] = of(measure[row, pairs], drops[row, pairs])
        values["overall", statistic] = overall
        values["within_training", statistic] = within
    return values


def correlation_interval(mean: CrossedMean, level: float) -> tuple[float, float]:
    """Interval of a correlation in [-1, 1] on Fisher's scale; of ±1 itself, no width."""
    if abs(mean.value) >= 1 - 1e-12:
        return mean.value, mean.value
    low, high = mean.interval(level)
    slope = 1 - mean.value**2
    ends = [np.tanh(np.arctanh(mean.value) + (end - mean.value) / slope) for end in (low, high)]
    return float(ends[0]), float(ends[1])


def mean_by_row(values: Floats) -> float:
    """Mean over rows of their means, of the rows that hold a value; NaN if none does."""
    rows = [float(row[np.isfinite(row)].mean()) for row in values if np.isfinite(row).any()]
    return float(np.mean(rows)) if rows else float("nan")


def _estimate(values: Floats, scope: str, bootstrap: Resampling, same: Same) -> dict[str, float | int]:
    """Value and interval of a table of values; rows and columns without any are left out."""
    known = np.isfinite(values)
    value = mean_by_row(values) if scope == "within_training" else mean_by_row(values[known][None])
    count = {"level": bootstrap.level, "n_resamples": bootstrap.resamples}
    estimate: dict[str, float | int] = {"value": value, "low": np.nan, "high": np.nan}
    degenerate = min(trimmed(values).shape) < FEWEST_TO_RESAMPLE
    if not degenerate:
        mean = crossed_mean(values, bootstrap.resamples, bootstrap.seed, same)
        low, high = correlation_interval(replace(mean, value=value), bootstrap.level)
        estimate |= {"low": low, "high": high}
    return estimate | count | {"n_degenerate": bootstrap.resamples if degenerate else 0}
