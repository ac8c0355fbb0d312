"""All measures of pairs of imaging distributions: how much each transfers, and how much they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from passband.imaging.distribution import ImagingDistribution
from passband.information.average import first_average
from passband.information.band import Band, polar_grid
from passband.information.convergence import TOLERANCE, Family, refined
from passband.information.moments import TransferMoments
from passband.information.nodes import has_round_transfer
from passband.information.weights import Weight

FIRST_GRID: Final = (256, 16)
"""Intervals in q, and azimuths where transfer is not round, at the start."""
MANY_PAIRS: Final = 500
TOLERANCE_OF_MANY: Final = 1e-2
"""Above so many pairs a coarser tolerance will do: their ranks count, and the error of each stands beside it."""


@dataclass(frozen=True)
class PairInformation:
    """What distribution a transfers, what b does, and what they have in common; see `measures`.

    epsilon_a, epsilon_b, sigma in [0, 1]; sigma_signed in [-1, 1]; coverage_of_b_by_a in [0, 1]. weight: its
    name; q_max_per_A: end of the band [1/Å]; error: estimate of the largest error of the five, see
    `convergence`.
    """

    epsilon_a: float
    epsilon_b: float
    sigma: float
    sigma_signed: float
    coverage_of_b_by_a: float
    weight: str
    q_max_per_A: float
    error: float


def pair_information(
    a: ImagingDistribution, b: ImagingDistribution, band: Band, weight: Weight
) -> PairInformation:
    """All measures of two distributions: a is what was seen, b what is shown."""
    return pairs_information((a, b), [(0, 1)], band, weight)[0]


def pairs_information(
    distributions: Sequence[ImagingDistribution],
    pairs: Sequence[tuple[int, int]],
    band: Band,
    weight: Weight,
) -> list[PairInformation]:
    """All measures of pairs (a, b) of positions among the distributions, in the order of the pairs.

    The mean over each distribution is taken once, on one grid for all that are compared with each other, be it through
    third ones; those of another block of a study stand on a grid of their own.
    """
    tolerance = TOLERANCE if len(pairs) <= MANY_PAIRS else TOLERANCE_OF_MANY
    found: dict[int, PairInformation] = {}
    for places in _compared(pairs, len(distributions)):
        used = sorted({position for place in places for position in pairs[place]})
        own = {position: index for index, position in enumerate(used)}
        own_pairs = [(own[a], own[b]) for a, b in (pairs[place] for place in places)]
        family = _family([distributions[position] for position in used], own_pairs, band, weight, tolerance)
        for place, five, error in zip(places, family.measures, family.error(), strict=True):
            epsilon_a, epsilon_b, sigma, sigma_signed, coverage = map(float, five)
            found[place] = PairInformation(
                epsilon_a,
                epsilon_b,
                sigma,
                sigma_signed,
                coverage,
                weight=weight.name,
                q_max_per_A=band.q_max_per_A,
                error=float(error),
            )
    return [found[place] for place in range(len(pairs))]


def converged_moments(distribution: ImagingDistribution, band: Band, weight: Weight) -> TransferMoments:
    """<|T|²> and <T> of one distribution, on a grid and with nodes that suffice for its own measures."""
    return _family([distribution], [(0, 0)], band, weight, TOLERANCE).averages[0].moments


def _compared(pairs: Sequence[tuple[int, int]], count: int) -> list[list[int]]:
    """Places of the pairs, in groups that have no distribution in common."""
    if not pairs:
        return []
    first, second = np.array(pairs).T
    links = coo_matrix((np.ones(len(pairs)), (first, second)), shape=(count, count))
    group = connected_components(links, directed=False)[1][first]
    return [np.flatnonzero(group == each).tolist() for each in np.unique(group)]


def _family(
    distributions: Sequence[ImagingDistribution],
    pairs: Sequence[tuple[int, int]],
    band: Band,
    weight: Weight,
    tolerance: float,
) -> Family:
    is_round = not weight.directional and all(has_round_transfer(each) for each in distributions)
    grid = polar_grid(band, FIRST_GRID[0], 1 if is_round else FIRST_GRID[1])
    averages = tuple(first_average(each, grid) for each in distributions)
    return refined(Family(averages, tuple(pairs), band, weight, tolerance=tolerance))
