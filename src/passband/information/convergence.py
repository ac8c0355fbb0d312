"""Refinement of a family of means until none of the measures between them moves any more.

Three things are refined until halving them moves no measure of any pair by more than a tolerance: the grid in
q, the azimuths, and the nodes of every varying setting of every distribution. The error of a pair is the sum
of these last changes. It is what the last doubling did, so the true error is smaller, by far where Gauss
rules converge. Where a budget ends first, the error says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.information.average import LARGEST_WORK, Average, on_grid, with_more_nodes
from passband.information.band import Band, polar_grid
from passband.information.measures import Stacked, many_measures, stacked
from passband.information.moments import TransferMoments
from passband.information.weights import Weight

TOLERANCE: Final = 2e-4
"""Of a comparison of few."""
LARGEST_GRID: Final = (8192, 256)
"""The most intervals in q and the most azimuths."""


@dataclass(frozen=True)
class Family:
    """Means over some distributions on one grid, and the pairs (a, b) of their positions that are compared.

    settled: positions of the means that have no finer rule left. tolerance: the largest change of a measure by doubling
    one rule at which that rule is taken as converged.
    """

    averages: tuple[Average, ...]
    pairs: tuple[tuple[int, int], ...]
    band: Band
    weight: Weight
    settled: frozenset[int] = frozenset()
    tolerance: float = TOLERANCE

    @cached_property
    def measures(self) -> NDArray[np.float64]:
        """ε of a, ε of b, σ, signed σ and coverage of b by a: (n_pairs, 5)."""
        return many_measures(self._transfers, self.pairs, self._weights)

    def error(self) -> NDArray[np.float64]:
        """Sum of the last changes of every rule, for each pair: (n_pairs,)."""
        by_nodes = [change for i in range(len(self.averages)) for change in self.node_changes(i).values()]
        return np.asarray(sum(by_nodes, self.change_by_q() + self.change_by_phi()), dtype=np.float64)

    def change_by_q(self) -> NDArray[np.float64]:
        """Largest change of a measure of each pair when every second node in q is left out: (n_pairs,)."""
        return self._change_by_grid([average.moments.coarser_q() for average in self.averages])

    def change_by_phi(self) -> NDArray[np.float64]:
        """Largest change of a measure of each pair when every second azimuth is left out: (n_pairs,)."""
        return self._change_by_grid([average.moments.coarser_phi() for average in self.averages])

    def node_changes(self, index: int) -> dict[str, NDArray[np.float64]]:
        """Largest change of a measure of each pair with half the nodes of a mean, by setting: (n_pairs,)."""
        places = [n for n, pair in enumerate(self.pairs) if index in pair]
        pairs = [self.pairs[n] for n in places]
        changes = {}
        for name, coarse in self.averages[index].coarser.items():
            found = many_measures(self._transfers.with_one(index, coarse), pairs, self._weights)
            changes[name] = np.zeros(len(self.pairs))
            changes[name][places] = np.abs(found - self.measures[places]).max(axis=1)
        return changes

    def _change_by_grid(self, moments: Sequence[TransferMoments]) -> NDArray[np.float64]:
        found = many_measures(stacked(moments), self.pairs, self.weight.on(moments[0].grid))
        return np.asarray(np.abs(found - self.measures).max(axis=1))

    @cached_property
    def _transfers(self) -> Stacked:
        return stacked([average.moments for average in self.averages])

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        return self.weight.on(self.averages[0].moments.grid)


def refined(family: Family) -> Family:
    """The family with rules that may be halved without moving a measure, or as fine as the budget allows."""
    while True:
        finer = _with_finer_grid(_with_more_nodes(family))
        if finer is family:
            return family
        family = finer


def _with_more_nodes(family: Family) -> Family:
    """The family with more nodes wherever they move a measure; itself if nowhere."""
    for index in set(range(len(family.averages))) - family.settled:
        changes = family.node_changes(index)
        names = {name for name, change in changes.items() if change.max() > family.tolerance}
        if names:
            family = _with_more_nodes_of(family, index, names)
    return family


def _with_more_nodes_of(family: Family, index: int, names: set[str]) -> Family:
    average = with_more_nodes(family.averages[index], names)
    settled = replace(family, settled=family.settled | {index})
    if average is None:
        return settled
    averages = (*family.averages[:index], average, *family.averages[index + 1 :])
    if not average.low_discrepancy:
        return replace(family, averages=averages)
    trial = replace(settled, averages=averages)
    return trial if _node_error(trial, index) < _node_error(family, index) else settled


def _node_error(family: Family, index: int) -> float:
    return float(np.sum([*family.node_changes(index).values()], axis=0).max())


def _with_finer_grid(family: Family) -> Family:
    """The family on a finer grid if that moves a measure and is affordable; else itself."""
    grid = family.averages[0].moments.grid
    sizes = [grid.intervals, len(grid.phi_rad)]
    for axis, change in enumerate((family.change_by_q(), family.change_by_phi())):
        if change.max() > family.tolerance:
            sizes[axis] = min(2 * sizes[axis], LARGEST_GRID[axis])
    finer = polar_grid(family.band, *sizes)
    if finer.shape == grid.shape or any(each.work(finer) > 2 * LARGEST_WORK for each in family.averages):
        return family
    return replace(family, averages=tuple(on_grid(each, finer) for each in family.averages))
