"""Amorphous films by random packing: atoms that keep a least distance, periodic in x and y.

Random sequential addition in batches: candidates are uniform over the slab; those too near to an atom that is
already there are dropped, then of each pair of candidates too near to each other the later one. At 0.1103
atoms/Å³ and 1.4 Å the atoms fill 0.16 of the volume, well below the 0.38 at which random addition ends, so
the stated density is met to the atom. Reference for the process: S. Torquato, Random Heterogeneous Materials
(2002), ch. 3.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.structure.distribution import Amorphous

_CANDIDATES_PER_MISSING = 1.5
_LEAST_CANDIDATES = 1000
_LEAF = 12


def draw_packing(
    support: Amorphous, field_A: float, thickness_A: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Positions (n, 3) [Å] of atoms in a slab of field x field x thickness, from the origin.

    n is the density times the volume, rounded to a whole number. Distances in x and y are to the nearest
    periodic image; z is not periodic.
    """
    size_A = np.array([field_A, field_A, thickness_A])
    n = round(support.density_per_A3 * float(size_A.prod()))
    placed_A = np.empty((0, 3))
    while len(placed_A) < n:
        missing = n - len(placed_A)
        candidates_A = _draw_candidates(
            int(_CANDIDATES_PER_MISSING * missing) + _LEAST_CANDIDATES, size_A, rng
        )
        free_A = _free_of(candidates_A, placed_A, support.min_distance_A, field_A)
        chosen_A = _without_later_neighbours(
            free_A, rng.permutation(len(free_A)), support.min_distance_A, field_A
        )
        placed_A = np.concatenate([placed_A, chosen_A[:missing]])
    return placed_A


def _draw_candidates(n: int, size_A: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform in the slab; sorted by x, because searches are faster where neighbours are near in memory."""
    candidates_A = rng.random((n, 3)) * size_A
    return candidates_A[np.argsort(candidates_A[:, 0])]


def _free_of(
    candidates_A: NDArray[np.float64], placed_A: NDArray[np.float64], distance_A: float, field_A: float
) -> NDArray[np.float64]:
    nearest_A, _ = _tree(placed_A, field_A).query(candidates_A, distance_upper_bound=distance_A)
    free: NDArray[np.bool_] = np.isinf(nearest_A)
    return candidates_A[free]


def _without_later_neighbours(
    candidates_A: NDArray[np.float64], order: NDArray[np.int64], distance_A: float, field_A: float
) -> NDArray[np.float64]:
    """The candidates without a neighbour that comes earlier in the order, in that order."""
    pairs = _tree(candidates_A, field_A).query_pairs(distance_A, output_type="ndarray")
    keep = np.ones(len(candidates_A), dtype=bool)
    first_is_later = order[pairs[:, 0]] > order[pairs[:, 1]]
    keep[np.where(first_is_later, pairs[:, 0], pairs[:, 1])] = False
    return candidates_A[keep][np.argsort(order[keep])]


def _tree(positions_A: NDArray[np.float64], field_A: float) -> cKDTree:
    """A search tree that is periodic in x and y; a period of 0 means none."""
    periods_A = np.array([field_A, field_A, 0.0])
    return cKDTree(positions_A, leafsize=_LEAF, boxsize=periods_A, balanced_tree=False, compact_nodes=False)
