"""Rough surfaces: atoms that are missing, the least bound first.

An atom is at the surface where it has fewer neighbours than the best bound atom of its site. A share of them is
taken away at random, each in proportion to the number of neighbours that it lacks, so corners go before edges
and edges before facets, as in the terrace-ledge-kink picture (W. Kossel 1927, I. N. Stranski 1928). Atoms left
without a neighbour go too.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

BOND_REACH = 1.2
"""Neighbours are atoms within this many nearest-neighbour distances: in fcc between the first shell and the
second at 1.41, in a bond of four neighbours below the second at 1.63."""


def draw_rough(
    positions_A: NDArray[np.float64],
    sites: NDArray[np.int64],
    bond_A: float,
    share: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which atoms (n,) stay when a share of those at the surface is missing.

    positions_A: (n, 3) [Å]; sites: (n,), atoms of one site have equal surroundings in the crystal; bond_A: the
    nearest-neighbour distance [Å].
    """
    pairs = cKDTree(positions_A).query_pairs(BOND_REACH * bond_A, output_type="ndarray")
    neighbours = np.bincount(pairs.ravel(), minlength=len(positions_A))
    best = np.zeros(sites.max() + 1, dtype=np.int64)
    np.maximum.at(best, sites, neighbours)
    missing = best[sites] - neighbours
    stays = np.ones(len(positions_A), dtype=bool)
    n = round(share * int((missing > 0).sum()))
    if n:
        stays[rng.choice(len(positions_A), n, replace=False, p=missing / missing.sum())] = False
    left = pairs[stays[pairs].all(axis=1)]
    bound = np.bincount(left.ravel(), minlength=len(positions_A)) > 0
    return np.asarray(stays & (bound | (neighbours == 0)))
