"""Scores as a dense array: training domain x network x test domain x structure.

Test domains and structures are crossed with everything. Networks are nested in training domains: the k-th
network of one domain has nothing to do with the k-th of another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError
from passband.shift.matrix import gap_sign


@dataclass(frozen=True)
class ScoreCube:
    """One metric of a study, turned so that higher is worse, and NaN where nothing was measured.

    badness: (n_training_domains, n_networks, n_test_domains, n_structures), the metric or its negative (see
        `matrix.gap_sign`); n_networks is the largest number of any training domain.
    train_ids, test_ids: names of the domains in the order of the axes, sorted.
    n_networks: (n_training_domains,) networks of each training domain, in the first places of its axis.
    home: (n_training_domains,) position of each training domain among the test domains.
    """

    badness: NDArray[np.float64]
    train_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    n_networks: NDArray[np.int64]
    home: NDArray[np.int64]


def score_cube(scores: pd.DataFrame, metric: str) -> ScoreCube:
    """Arrange scores densely; several images of a structure are averaged.

    scores: rows with train_id, network_id, test_id, structure_id and the metric.
    Raises UserError where a training domain is not among the test domains.
    """
    sign = gap_sign(metric)
    keys = ["train_id", "network_id", "test_id", "structure_id"]
    rows = scores.groupby(keys, as_index=False)[metric].mean()
    train, train_ids = pd.factorize(rows["train_id"], sort=True)
    test, test_ids = pd.factorize(rows["test_id"], sort=True)
    structure, structure_ids = pd.factorize(rows["structure_id"], sort=True)
    network, n_networks = _positions_within(train, rows["network_id"])
    shape = (len(train_ids), int(n_networks.max()), len(test_ids), len(structure_ids))
    badness = np.full(shape, np.nan)
    badness[train, network, test, structure] = sign * rows[metric].to_numpy(np.float64)
    return ScoreCube(
        badness=badness,
        train_ids=tuple(train_ids),
        test_ids=tuple(test_ids),
        n_networks=n_networks,
        home=_home(list(train_ids), list(test_ids)),
    )


def _positions_within(
    train: NDArray[np.intp], network_ids: "pd.Series[str]"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Running number of each row's network within its training domain, and how many each domain has."""
    pairs = pd.DataFrame({"train": train, "network": network_ids})
    unique = pairs.drop_duplicates().sort_values(["train", "network"])
    unique["position"] = unique.groupby("train").cumcount()
    merged = pairs.merge(unique, on=["train", "network"], how="left")
    return merged["position"].to_numpy(np.int64), np.bincount(unique["train"]).astype(np.int64)


def _home(train_ids: list[str], test_ids: list[str]) -> NDArray[np.int64]:
    for train_id in train_ids:
        if train_id not in test_ids:
            raise UserError(
                f"scores: networks trained on '{train_id}' were never tested there, so G_OOD has no "
                "reference; add that domain to the tests"
            )
    return np.array([test_ids.index(train_id) for train_id in train_ids], dtype=np.int64)
