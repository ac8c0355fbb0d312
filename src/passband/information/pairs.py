"""All measures of pairs of imaging distributions: how much each transfers, and how much they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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

    The mean over each distribution is taken once, on one grid for all.
    """
    if not pairs:
        return []
    family = _family(distributions, pairs, band, weight)
    return [
        PairInformation(
            epsilon_a=float(five[0]),
            epsilon_b=float(five[1]),
            sigma=float(five[2]),
            sigma_signed=float(five[3]),
            coverage_of_b_by_a=float(five[4]),
            weight=weight.name,
            q_max_per_A=band.q_max_per_A,
            error=float(error),
        )
        for five, error in zip(family.measures, family.error(), strict=True)
    ]


def converged_moments(distribution: ImagingDistribution, band: Band, weight: Weight) -> TransferMoments:
    """<|T|²> and <T> of one distribution, on a grid and with nodes that suffice for its own measures."""
    return _family([distribution], [(0, 0)], band, weight).averages[0].moments


def _family(
    distributions: Sequence[ImagingDistribution],
    pairs: Sequence[tuple[int, int]],
    band: Band,
    weight: Weight,
) -> Family:
    is_round = not weight.directional and all(has_round_transfer(each) for each in distributions)
    grid = polar_grid(band, FIRST_GRID[0], 1 if is_round else FIRST_GRID[1])
    averages = tuple(first_average(each, grid) for each in distributions)
    tolerance = TOLERANCE if len(pairs) <= MANY_PAIRS else TOLERANCE_OF_MANY
    return refined(Family(averages, tuple(pairs), band, weight, tolerance=tolerance))
