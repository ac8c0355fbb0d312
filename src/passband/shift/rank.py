"""Does a measure put the performance drops into the right order?

Spearman's and Kendall's rank correlation of the drop with each measure, in two scopes: `overall`, over all
pairs of training and test domain, and `within_training`, the mean over training domains of the correlation
over their test domains, which no training domain that is bad everywhere can feign. A pair of a domain with
itself is left out: its drop is zero by definition, so it would only flatter every measure. The drop of a pair
is the median over networks of G_OOD, positive = worse, so a good distance correlates positively, a good
similarity (σ, coverage) negatively.

Each value stands with the percentile interval of the crossed bootstrap (see `bootstrap`). All measures see
the same resamples.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.shift.bootstrap import Resamples, draw_resamples, everything_once, median_gaps
from passband.shift.correlation import rank_correlation
from passband.shift.cube import ScoreCube, score_cube

FEWEST_LEVELS: Final = 5
"""Below this number of training domains, test domains or structures an interval is flagged as rough."""
FEWEST_NETWORKS: Final = 2
"""Below this number of networks in a training domain the interval knows nothing of random starts."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn: seed of the stream, resamples, nominal coverage of the percentile interval."""

    seed: int
    resamples: int = 1000
    level: float = 0.90


@dataclass(frozen=True)
class Levels:
    """How many levels of each factor hold data; n_networks is the smallest number in any training domain."""

    n_training_domains: int
    n_test_domains: int
    n_networks: int
    n_structures: int

    def note(self) -> str:
        """A warning about factors with too few levels, or an empty string."""
        counts = {
            "training domains": (self.n_training_domains, FEWEST_LEVELS),
            "test domains": (self.n_test_domains, FEWEST_LEVELS),
            "networks per training domain": (self.n_networks, FEWEST_NETWORKS),
            "structures": (self.n_structures, FEWEST_LEVELS),
        }
        few = [f"{n} {name}" for name, (n, fewest) in counts.items() if n < fewest]
        return f"rough interval: only {', '.join(few)}" if few else ""


def effective_levels(cube: ScoreCube) -> Levels:
    """Count the levels of each factor that hold at least one value."""
    known = np.isfinite(cube.badness)
    return Levels(
        n_training_domains=int(known.any(axis=(1, 2, 3)).sum()),
        n_test_domains=int(known.any(axis=(0, 1, 3)).sum()),
        n_networks=int(known.any(axis=(2, 3)).sum(axis=1).min()),
        n_structures=int(known.any(axis=(0, 1, 2)).sum()),
    )


def rank_correlations(
    scores: pd.DataFrame, metric: str, measures: pd.DataFrame, names: Sequence[str], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Rank correlation of the drop of a metric with each named column of measures, with bootstrap intervals.

    scores: as in `cube.score_cube`; measures: one row per (train_id, test_id) with the named columns, NaN
    where a measure is unknown. Returns one row per measure, scope (overall | within_training) and statistic
    (spearman | kendall): measure, metric, scope, statistic, value, low, high, level, n_pairs, n_resamples,
    n_degenerate (resamples in which nothing varied; they are left out of the interval), the counts of
    `Levels`, note. Raises ValueError where measures hold a pair twice.
    """
    cube = score_cube(scores, metric)
    levels = effective_levels(cube)
    data, draws = everything_once(cube), draw_resamples(cube, bootstrap.resamples, bootstrap.seed)
    drops, drawn_drops = median_gaps(cube, data), median_gaps(cube, draws)
    rows = []
    for name in names:
        matrix = measure_matrix(measures, name, cube)
        observed = correlations_by_scope(drops, drawn_measure(matrix, data))
        resampled = correlations_by_scope(drawn_drops, drawn_measure(matrix, draws))
        n_pairs = int(np.isfinite(drops[0] + matrix).sum())
        for key, value in observed.items():
            rows.append(
                {
                    "measure": name,
                    "metric": metric,
                    "scope": key[0],
                    "statistic": key[1],
                    "value": float(value[0]),
                }
                | _interval(resampled[key], bootstrap)
                | {"n_pairs": n_pairs}
                | asdict(levels)
                | {"note": levels.note()}
            )
    return pd.DataFrame(rows)


def measure_matrix(measures: pd.DataFrame, name: str, cube: ScoreCube) -> NDArray[np.float64]:
    """A measure as (n_training_domains, n_test_domains) in the order of the cube; NaN where it is unknown."""
    if measures.duplicated(["train_id", "test_id"]).any():
        raise ValueError("measures hold a pair of domains more than once; choose one weight first")
    matrix = measures.pivot(index="train_id", columns="test_id", values=name)
    return matrix.reindex(index=cube.train_ids, columns=cube.test_ids).to_numpy(np.float64)


def drawn_measure(matrix: NDArray[np.float64], draws: Resamples) -> NDArray[np.float64]:
    """A measure (n_training_domains, n_test_domains) of the pairs that each resample draws: (n, ..., ...)."""
    return matrix[draws.train[:, :, None], draws.test[:, None, :]]


def correlations_by_scope(
    drops: NDArray[np.float64], measure: NDArray[np.float64]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Correlations of drops and measure (n, training, test domains) by (scope, statistic), each (n,)."""
    n = len(drops)
    overall = rank_correlation(drops.reshape(n, -1), measure.reshape(n, -1))
    within = rank_correlation(drops, measure)
    return {
        ("overall", "spearman"): overall.spearman,
        ("overall", "kendall"): overall.kendall,
        ("within_training", "spearman"): _mean_of_known(within.spearman),
        ("within_training", "kendall"): _mean_of_known(within.kendall),
    }


def _mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis without missing values; NaN where there are none."""
    known = np.isfinite(values)
    total, number = np.where(known, values, 0.0).sum(-1), known.sum(-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _interval(values: NDArray[np.float64], bootstrap: Bootstrap) -> dict[str, float | int]:
    known = values[np.isfinite(values)]
    tail = (1 - bootstrap.level) / 2
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
    return {
        "low": float(low),
        "high": float(high),
        "level": bootstrap.level,
        "n_resamples": len(values),
        "n_degenerate": len(values) - len(known),
    }
