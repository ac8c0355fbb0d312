"""The gap of every pair of domains, for other draws of domains, networks and structures.

A resample says which training domains, test domains, networks and structures are drawn, how often; the gaps
are then computed again from what was drawn. Networks are nested in training domains. A domain's own reference
(its in-distribution performance) stays with it, whether or not that test domain was drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.shift.cube import ScoreCube

CHUNK_ELEMENTS: Final = 2_000_000
"""Largest number of array elements that a chunk of resamples may take [8 bytes each]."""


@dataclass(frozen=True)
class Resamples:
    """What each of n resamples draws from a cube.

    train: (n, n_training_domains) positions; test: (n, n_test_domains) positions;
    network: (n, n_training_domains, n_networks) positions within the training domain drawn at that place, -1
    where that domain has fewer networks; structure: (n, n_structures) how often each structure was drawn.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    network: NDArray[np.int64]
    structure: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.train)

    def __getitem__(self, part: slice) -> "Resamples":
        return Resamples(self.train[part], self.test[part], self.network[part], self.structure[part])


def everything_once(cube: ScoreCube) -> Resamples:
    """The one resample that is the data themselves."""
    n_train, n_network, n_test, n_structure = cube.badness.shape
    network = np.broadcast_to(np.arange(n_network), (1, n_train, n_network))
    return Resamples(
        train=np.arange(n_train)[None],
        test=np.arange(n_test)[None],
        network=np.where(network < cube.n_networks[:, None], network, -1),
        structure=np.ones((1, n_structure)),
    )


def median_gaps(cube: ScoreCube, resamples: Resamples) -> NDArray[np.float64]:
    """G_OOD, positive = worse, of every drawn pair of domains: (n, n_training_domains, n_test_domains).

    Per network the difference of its means over structures in the test domain and at home; then the median
    over the networks drawn. NaN for the training domain itself, where the gap is zero by definition, and
    where nothing was measured. Computed in chunks of bounded memory.
    """
    return np.concatenate([_median_gaps(cube, part) for part in _chunks(cube, resamples)])


def _chunks(cube: ScoreCube, resamples: Resamples) -> Iterator[Resamples]:
    n_train, n_network, n_test, _ = cube.badness.shape
    size = max(1, CHUNK_ELEMENTS // (n_train * n_network * n_test))
    for start in range(0, len(resamples), size):
        yield resamples[start : start + size]


def _median_gaps(cube: ScoreCube, draw: Resamples) -> NDArray[np.float64]:
    means = _means_over_structures(cube.badness, draw.structure)
    at_home = np.take_along_axis(means, cube.home[None, :, None, None], axis=3)
    gaps = means - at_home
    row = np.arange(len(draw))
    drawn = gaps[row[:, None, None], draw.train[:, :, None], draw.network]
    drawn = np.where(draw.network[..., None] < 0, np.nan, drawn)
    medians = np.take_along_axis(_median(drawn, axis=2), draw.test[:, None, :], axis=2)
    at_home_itself = cube.home[draw.train][:, :, None] == draw.test[:, None, :]
    return np.where(at_home_itself, np.nan, medians)


def _means_over_structures(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of values (..., n_structures) with each row of counts (n, n_structures) as weights: (n, ...)."""
    known = np.isfinite(values)
    total = np.tensordot(counts, np.where(known, values, 0.0), axes=(1, -1))
    number = np.tensordot(counts, known.astype(np.float64), axes=(1, -1))
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _median(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Median over an axis without the missing values; NaN where there are none, and no warning."""
    ordered = np.sort(values, axis=axis)
    number = np.isfinite(values).sum(axis=axis, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(number - 1, 0) // 2, axis)
    upper = np.take_along_axis(ordered, np.minimum(number // 2, values.shape[axis] - 1), axis)
    return np.asarray(((lower + upper) / 2).squeeze(axis), dtype=np.float64)
