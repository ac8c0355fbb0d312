"""What the figures and the headline say, from the table of scores: each number is computed once, here.

Means per network, gaps and their spread over networks are those of ``passband.shift.matrix``. What the choice
of test structures adds is told by the percentile interval of a bootstrap that draws the structures again, the
same draw for every network and domain (B. Efron & R. Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13). Of a very large series that is done with a sample of the networks; its intervals are then moved by as
much as the median of all networks is away from that of the sample.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.report.axis import DomainAxis, domain_axis
from passband.report.data import ReportData
from passband.seeds import random_stream
from passband.shift.bootstrap import Resamples, everything_once, median_gaps
from passband.shift.cube import ScoreCube, score_cube
from passband.shift.matrix import gap_per_pair, network_means, ood_gap, performance

METRICS: Final = ("dice", "pixel_error")
RESAMPLES: Final = 400
TOLERANCE: Final = 0.02
"""Dice that may be lost before a domain counts as outside the flat basin."""


@dataclass(frozen=True)
class Interval:
    """A median with the two ends of its interval; NaN where there is nothing to resample."""

    median: float
    low: float
    high: float

    def around(self, median: float) -> "Interval":
        """The same interval around another median."""
        moved = median - self.median
        return Interval(median, self.low + moved, self.high + moved)


@dataclass(frozen=True)
class Summary:
    """The scores of a study, summed up; tables are by metric ("dice", "pixel_error").

    axis: where the domains stand.
    own: network_id, train_id, value: every network's mean in its own domain.
    own_dice: the median of the networks in their own domains, with its interval over structures.
    matrix: per pair of domains, columns of ``shift.matrix.performance``.
    profile: per pair, G_OOD (positive = worse): columns of ``shift.matrix.gap_per_pair``, and low, high: the
        interval of the median over structures.
    """

    axis: DomainAxis
    own: dict[str, pd.DataFrame]
    own_dice: Interval
    matrix: dict[str, pd.DataFrame]
    profile: dict[str, pd.DataFrame]

    def away(self, metric: str) -> pd.DataFrame:
        """The profile without the training domains themselves, where G_OOD is zero by definition."""
        profile = self.profile[metric]
        return profile[profile["train_id"] != profile["test_id"]].reset_index(drop=True)


def summarise(data: ReportData) -> Summary | None:
    """Sum up the scores; None where nothing was tested."""
    scores = data.every
    if scores.empty:
        return None
    cubes = {metric: score_cube(data.scores, metric) for metric in METRICS}
    own = {metric: _own(scores, metric) for metric in METRICS}
    own_dice = _own_interval(cubes["dice"], data.interval_level)
    return Summary(
        axis=domain_axis(data.domains),
        own=own,
        own_dice=own_dice if data.means is None else own_dice.around(float(own["dice"]["value"].median())),
        matrix={metric: performance(scores, metric) for metric in METRICS},
        profile={metric: _profile(data, metric, cubes[metric]) for metric in METRICS},
    )


def _own(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    means = network_means(scores, metric)
    own = means.loc[means["train_id"] == means["test_id"], ["network_id", "train_id", "value"]]
    return own.reset_index(drop=True)


def _own_interval(cube: ScoreCube, level: float) -> Interval:
    """Median over all networks of the mean Dice in the own domain, and its interval over structures."""
    own = -np.concatenate([cube.badness[i, :n, cube.home[i]] for i, n in enumerate(cube.n_networks.tolist())])
    structures = own[:, np.isfinite(own).all(axis=0)]
    median = float(np.median(np.nanmean(own, axis=1)))
    if structures.shape[1] < 2:
        return Interval(median, np.nan, np.nan)
    counts = _drawn_structures(structures.shape[1])
    low, high = np.quantile(np.median(counts @ structures.T, axis=1) / structures.shape[1], _ends(level))
    return Interval(median, float(low), float(high))


def _profile(data: ReportData, metric: str, cube: ScoreCube) -> pd.DataFrame:
    profile = gap_per_pair(ood_gap(data.every, metric))
    if cube.badness.shape[-1] < 2:
        return profile.assign(low=np.nan, high=np.nan)
    gaps = median_gaps(cube, _structures_anew(cube))
    ends = _known_ends(gaps, data.interval_level)
    low, high = (pd.DataFrame(end, cube.train_ids, cube.test_ids) for end in ends)
    pairs = pd.MultiIndex.from_frame(profile[["train_id", "test_id"]])
    told = profile.assign(
        low=low.stack().reindex(pairs).to_numpy(), high=high.stack().reindex(pairs).to_numpy()
    )
    if data.means is None:
        return told
    of_sample = gap_per_pair(ood_gap(data.scores, metric)).set_index(["train_id", "test_id"])["median"]
    moved = told["median"] - of_sample.reindex(pairs).to_numpy()
    return told.assign(low=told["low"] + moved, high=told["high"] + moved)


def _structures_anew(cube: ScoreCube) -> Resamples:
    """Resamples in which the structures alone are drawn again."""
    once, n = everything_once(cube), cube.badness.shape[-1]
    return Resamples(
        train=np.repeat(once.train, RESAMPLES, axis=0),
        test=np.repeat(once.test, RESAMPLES, axis=0),
        network=np.repeat(once.network, RESAMPLES, axis=0),
        structure=_drawn_structures(n),
    )


def _drawn_structures(n: int) -> NDArray[np.float64]:
    """How often each of n structures is drawn: (RESAMPLES, n)."""
    stream = random_stream(0, "report", "structures")
    return stream.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(np.float64)


def _known_ends(gaps: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Ends of the interval over the first axis; NaN in a domain's own place and where nothing is known."""
    known = np.isfinite(gaps).any(axis=0)
    ends = np.full((2, *known.shape), np.nan)
    ends[:, known] = np.nanquantile(gaps[:, known], _ends(level), axis=0)
    return ends


def _ends(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def loss_by_distance(profile: pd.DataFrame, axis: DomainAxis) -> pd.DataFrame:
    """A profile pooled over pairs of equal distance.

    Columns: distance, and median, lower_quartile, upper_quartile of the pairs' medians. Without rows where
    the axis has no numbers.
    """
    pairs = zip(profile["train_id"], profile["test_id"], strict=True)
    distance = [round(axis.distance(train_id, test_id), 6) for train_id, test_id in pairs]
    known = profile.assign(distance=np.array(distance, dtype=float)).dropna(subset=["distance"])
    groups = known.groupby("distance")["median"]
    ends = {"lower_quartile": groups.quantile(0.25), "upper_quartile": groups.quantile(0.75)}
    return pd.DataFrame({"median": groups.median(), **ends}).reset_index()


def basin_reach(pooled: pd.DataFrame, tolerance: float = TOLERANCE) -> float:
    """The largest distance up to which every pooled median stays within the tolerance.

    pooled: as from ``loss_by_distance``. 0 where the smallest distance is already beyond it; NaN without rows.
    """
    if pooled.empty:
        return np.nan
    rising = pooled.sort_values("distance")
    outside = np.flatnonzero(rising["median"].to_numpy() > tolerance)
    last = int(outside[0]) if len(outside) else len(rising)
    return float(rising["distance"].iloc[last - 1]) if last else 0.0
