"""How networks perform away from home: the train x test matrix and the out-of-distribution gap.

One network's performance in a domain is the mean of a metric over the structures of that domain (several
images of one structure are averaged first, so that every structure counts once). Domains are compared by the
median over networks, that is over random starts and hyperparameters, with quartiles and extremes beside it.

The gap of network f from its own domain X to another, X',

    G_OOD(X → X') = L_X'(f) - L_X(f),

is taken so that positive always means worse: for errors it is the difference above, for scores such as Dice,
where more is better, its negative. L_X is measured on structures that were never seen in training, so G_OOD(X
→ X) = 0 and G_OOD may be negative. Definition: DaCosta, Oill, Scott, Elemental Microscopy, doi
10.69761/kjte5358.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pandas as pd

from passband.errors import UserError
from passband.shift.crossed import separate_blocks

WORSE_WHEN_HIGHER: Final[Mapping[str, bool]] = MappingProxyType(
    {"pixel_error": True, "cross_entropy": True, "dice": False, "iou": False, "f1": False}
)
"""The metrics that a gap is defined for, and which way they point."""


def gap_sign(metric: str) -> int:
    """+1 where a higher value is worse, -1 where it is better. Raises ValueError for an unknown metric."""
    if metric not in WORSE_WHEN_HIGHER:
        raise ValueError(
            f"no direction is known for metric '{metric}'; known are {sorted(WORSE_WHEN_HIGHER)}"
        )
    return 1 if WORSE_WHEN_HIGHER[metric] else -1


def is_in_blocks(pairs: pd.DataFrame) -> bool:
    """Whether the pairs of training and test domains fall into blocks with none of either in common."""
    return len(separate_blocks(pd.crosstab(pairs["train_id"], pairs["test_id"]).to_numpy() > 0)) > 1


def network_means(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean of a metric over structures, one row per network and test domain.

    Columns: network_id, train_id, test_id, value, n_structures.
    scores: rows with network_id, train_id, test_id, structure_id and the metric. Missing values are left out.
    """
    keys = ["network_id", "train_id", "test_id"]
    known = scores.loc[scores[metric].notna(), [*keys, "structure_id", metric]]
    structures = known.groupby([*keys, "structure_id"], as_index=False, sort=False)[metric].mean()
    groups = structures.groupby(keys, sort=False)[metric]
    return pd.DataFrame({"value": groups.mean(), "n_structures": groups.size()}).reset_index()


def performance(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Median and spread over networks of their means: one row per (train_id, test_id).

    Columns: train_id, test_id, median, lower_quartile, upper_quartile, minimum, maximum, n_networks.
    """
    return _spread_over_networks(network_means(scores, metric), "value")


def in_distribution(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of `performance` where the networks are tested in their own domain."""
    table = performance(scores, metric)
    return table[table["train_id"] == table["test_id"]].reset_index(drop=True)


def train_test_matrix(scores: pd.DataFrame, metric: str, order: Sequence[str]) -> pd.DataFrame:
    """Medians over networks: a row per training domain, a column per test domain, in a given order.

    order: domain names; those that occur in neither role are passed over. Pairs that were not measured are
    NaN.
    """
    matrix = performance(scores, metric).pivot(index="train_id", columns="test_id", values="median")
    rows = [domain for domain in order if domain in matrix.index]
    columns = [domain for domain in order if domain in matrix.columns]
    return matrix.loc[rows, columns]


def ood_gap(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """G_OOD of every network in every test domain, positive = worse: (network_id, train_id, test_id, gap).

    Raises UserError where a network was never tested in its own domain: then there is nothing to compare
    with.
    """
    means = network_means(scores, metric)
    home = means[means["train_id"] == means["test_id"]].set_index("network_id")["value"]
    homeless = means.loc[~means["network_id"].isin(home.index), "train_id"]
    if len(homeless):
        raise UserError(
            f"scores: networks trained on '{homeless.iloc[0]}' were never tested there, so G_OOD has no "
            "reference; add that domain to the tests"
        )
    gap = gap_sign(metric) * (means["value"] - means["network_id"].map(home))
    return means[["network_id", "train_id", "test_id"]].assign(gap=gap)


def gap_per_pair(gaps: pd.DataFrame) -> pd.DataFrame:
    """Median and spread of G_OOD over networks, a row per (train_id, test_id), columns as `performance`."""
    return _spread_over_networks(gaps, "gap")


def gap_profile(gaps: pd.DataFrame, domains: pd.DataFrame, axis: str = "defocus_nm") -> pd.DataFrame:
    """G_OOD against the shift along an axis of the domains, shift = axis(test) - axis(train).

    domains: rows with domain_id and the column named by axis. The medians of the training domains that share
    a shift (see `gap_per_pair`) are summed up: columns shift, median, lower_quartile, upper_quartile,
    minimum, maximum, n_pairs. Shifts are rounded to 1e-6 of the axis' unit before they are compared.
    """
    place = domains.set_index("domain_id")[axis]
    pairs = gap_per_pair(gaps)
    pairs["shift"] = (pairs["test_id"].map(place) - pairs["train_id"].map(place)).round(6)
    profile = _spread(pairs, ["shift"], "median").rename(columns={"count": "n_pairs"})
    return profile.sort_values("shift", ignore_index=True)


def _spread_over_networks(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return _spread(rows, ["train_id", "test_id"], column).rename(columns={"count": "n_networks"})


def _spread(rows: pd.DataFrame, keys: list[str], column: str) -> pd.DataFrame:
    """Median, quartiles, extremes and count of a column within groups."""
    groups = rows.groupby(keys, sort=False)[column]
    table = pd.DataFrame(
        {
            "median": groups.median(),
            "lower_quartile": groups.quantile(0.25),
            "upper_quartile": groups.quantile(0.75),
            "minimum": groups.min(),
            "maximum": groups.max(),
            "count": groups.count(),
        }
    )
    return table.reset_index()
