"""The mean over one distribution, together with what it would have been with half the nodes.

From the difference the error is seen, and the settings that cause it get more nodes (see `pairs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import LONGEST_PRODUCT
from passband.information.band import PolarGrid
from passband.information.moments import TransferMoments, transfer_moments
from passband.information.nodes import (
    first_half,
    has_round_transfer,
    low_discrepancy_nodes,
    node_count,
    product_nodes,
    refinable,
)

FIRST_ORDER: Final = 8
"""Nodes of each varying setting at the start."""
HIGHEST_ORDER: Final = 512
"""The most nodes that one setting may take."""
LARGEST_WORK: Final = 2**25
"""The most values of T that one mean may take: about ten seconds of one core where transfer is not round."""


@dataclass(frozen=True)
class Average:
    """Moments of a distribution, and coarser ones that tell their error.

    orders: nodes by varying setting, in a product rule; low_discrepancy: whether Sobol points stand in for
    it; coarser: by source of error, the moments with half as many nodes there.
    """

    distribution: ImagingDistribution
    orders: Mapping[str, int]
    low_discrepancy: bool
    moments: TransferMoments
    coarser: Mapping[str, TransferMoments]

    def work(self, grid: PolarGrid) -> int:
        """How many values of T the mean takes on a grid."""
        count = LONGEST_PRODUCT if self.low_discrepancy else node_count(self.distribution, self.orders)
        return count * _points(self.distribution, grid)


def first_average(distribution: ImagingDistribution, grid: PolarGrid) -> Average:
    """The mean with the first order of every varying setting, or of low discrepancy if that is too much."""
    orders = dict.fromkeys(refinable(distribution), FIRST_ORDER)
    return _affordable_average(distribution, orders, grid) or _product_average(distribution, orders, grid)


def on_grid(average: Average, grid: PolarGrid) -> Average:
    """The same mean on another grid."""
    if average.low_discrepancy:
        return _low_discrepancy_average(average.distribution, grid)
    return _product_average(average.distribution, average.orders, grid)


def with_more_nodes(average: Average, names: set[str]) -> Average | None:
    """The mean with twice the nodes of the named settings, or of low discrepancy if that is too much.

    None where nothing finer is left: points of low discrepancy are the last resort and are not refined.
    """
    if average.low_discrepancy:
        return None
    orders = {name: order * 2 if name in names else order for name, order in average.orders.items()}
    return _affordable_average(average.distribution, orders, average.moments.grid)


def _affordable_average(
    distribution: ImagingDistribution, orders: Mapping[str, int], grid: PolarGrid
) -> Average | None:
    work = node_count(distribution, orders) * _points(distribution, grid)
    if work <= LARGEST_WORK and max(orders.values(), default=0) <= HIGHEST_ORDER:
        return _product_average(distribution, orders, grid)
    return _low_discrepancy_average(distribution, grid) if len(orders) > 1 else None


def _product_average(
    distribution: ImagingDistribution, orders: Mapping[str, int], grid: PolarGrid
) -> Average:
    coarser = {
        name: transfer_moments(product_nodes(distribution, {**orders, name: order // 2}), grid)
        for name, order in orders.items()
    }
    moments = transfer_moments(product_nodes(distribution, orders), grid)
    return Average(distribution, orders, False, moments, coarser)


def _low_discrepancy_average(distribution: ImagingDistribution, grid: PolarGrid) -> Average:
    nodes = low_discrepancy_nodes(distribution)
    coarser = {"points": transfer_moments(first_half(nodes), grid)}
    return Average(distribution, {}, True, transfer_moments(nodes, grid), coarser)


def _points(distribution: ImagingDistribution, grid: PolarGrid) -> int:
    return grid.shape[1] if has_round_transfer(distribution) else grid.shape[0] * grid.shape[1]
