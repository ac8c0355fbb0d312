"""The means over an imaging distribution that the expected spectrum of its images is made of.

Where `moments` serves the phase of a weak object, these serve any object (see `object_spectrum`): <|t|²> and
<t(q) t(-q)>, with t the transfer of the wave. <|T|²> = (<|t|²> - Re<t(q) t(-q)>) / 2 follows. The mean takes
a fixed number of nodes, so that a hundred domains take seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.electron import wavelength_A
from passband.imaging.condition import ImagingCondition
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import quantile
from passband.imaging.motion import is_still, motion_transfer
from passband.imaging.phase import chi_slope, is_round
from passband.imaging.transfer import wave_transfer
from passband.information.band import Band, PolarGrid, polar_grid
from passband.information.moments import TransferMoments
from passband.information.nodes import (
    Nodes,
    has_round_transfer,
    low_discrepancy_nodes,
    node_count,
    product_nodes,
    refinable,
)

MOST_NODES: Final = 256
"""The most conditions that stand for a distribution."""
HIGHEST_ORDER: Final = 128
"""The most nodes of a single varying setting."""
INTERVALS: Final = 192
"""Intervals in q of a grid that serves all domains of a comparison."""
AZIMUTHS: Final = 12
"""Azimuths of such a grid where transfer or specimen depend on the direction."""
LEVELS: Final = 16
"""Levels of probability at which the delocalisation of a distribution is kept."""
DOSES: Final = 64
"""Levels of probability that the mean of 1/dose is taken over."""


@dataclass(frozen=True)
class WaveMoments:
    """What an imaging distribution does to waves on average, on a polar grid; arrays are (n_phi, n_q).

    mean_square: <|t|²> in [0, 1], mean of q and -q; mean_pair: <t(q) t(-q)>, complex; mean_transfer: <T>, complex.
    delocalisation_A: |∇χ|/2π [Å], at q and -q alike, at LEVELS levels of probability, increasing, (LEVELS, n_phi, n_q).
    inverse_dose_A2: <1/dose> [Å² per electron], 0 without shot noise.
    """

    grid: PolarGrid
    mean_square: NDArray[np.float64]
    mean_pair: NDArray[np.complex128]
    mean_transfer: NDArray[np.complex128]
    delocalisation_A: NDArray[np.float64]
    inverse_dose_A2: float

    @property
    def phase_power(self) -> NDArray[np.float64]:
        """<|T|²> in [0, 1], what reaches the image of a weak phase object."""
        return np.maximum((self.mean_square - self.mean_pair.real) / 2, 0.0)

    def transfer_moments(self) -> TransferMoments:
        """The same for the measures of weak phase objects."""
        return TransferMoments(self.grid, self.phase_power, self.mean_transfer)


def shared_grid(
    distributions: Sequence[ImagingDistribution],
    band: Band,
    directional: bool = False,
    intervals: int = INTERVALS,
) -> PolarGrid:
    """One grid for the domains of a comparison: a single azimuth if transfer is round in all of them.

    directional: whether the specimen itself depends on azimuth, so that several are needed anyway.
    """
    is_round = not directional and all(has_round_transfer(each) for each in distributions)
    return polar_grid(band, intervals, 1 if is_round else AZIMUTHS)


def wave_moments(
    distribution: ImagingDistribution, grid: PolarGrid, most_nodes: int = MOST_NODES
) -> WaveMoments:
    """Means over a distribution on a grid; a grid with a single azimuth takes transfer along x for all."""
    return _moments(_nodes(distribution, most_nodes), grid, mean_inverse_dose_A2(distribution))


def wave_modes(
    distribution: ImagingDistribution, grid: PolarGrid, most: int
) -> list[tuple[float, WaveMoments]]:
    """At most so many single conditions that stand for a distribution, with weights that sum to 1."""
    nodes, noise = _nodes(distribution, most), mean_inverse_dose_A2(distribution)
    return [
        (float(nodes.weights[k]), _moments(Nodes(nodes.condition[[k]], torch.ones(1).double()), grid, noise))
        for k in range(len(nodes.weights))
    ]


def _moments(nodes: Nodes, grid: PolarGrid, inverse_dose_A2: float) -> WaveMoments:
    q, phi = torch.from_numpy(grid.q_per_A)[None, :], torch.from_numpy(grid.phi_rad)[:, None]
    qy, qx = q * phi.sin(), q * phi.cos()
    t = wave_transfer(nodes.condition, qy, qx, torch.complex128)
    opposite = t if is_round(nodes.condition) else wave_transfer(nodes.condition, -qy, -qx, torch.complex128)
    weights = nodes.weights
    moved_A = [_delocalisation_A(nodes.condition, sign * qy, sign * qx) for sign in (1, -1)]
    if not is_still(nodes.condition):
        still = motion_transfer(nodes.condition, qy, qx)
        t, opposite = t * still, opposite * still

    def mean(values: Tensor) -> Tensor:
        return torch.einsum("k,kpq->pq", weights.to(values.dtype), values)

    return WaveMoments(
        grid,
        mean((t.abs().square() + opposite.abs().square()) / 2).numpy(),
        mean(t * opposite).numpy(),
        mean(0.5j * (t - opposite.conj())).numpy(),
        _levels(torch.cat(moved_A), torch.cat([weights, weights]) / 2).numpy(),
        inverse_dose_A2,
    )


def mean_inverse_dose_A2(distribution: ImagingDistribution) -> float:
    """<1/dose> [Å² per electron] of a distribution, 0 where there is no shot noise."""
    dose = distribution.dose_e_per_A2
    if dose is None:
        return 0.0
    levels = (np.arange(DOSES) + 0.5) / DOSES
    return float(np.mean(1 / quantile(dose, levels)))


def _nodes(distribution: ImagingDistribution, most: int) -> Nodes:
    """A product rule of the highest equal order that fits, else the first points of a Sobol sequence."""
    names = refinable(distribution)
    orders = [order for order in range(1, HIGHEST_ORDER + 1) if _length(distribution, order) <= most]
    if len(names) <= 2 or (orders and orders[-1] >= 5):
        return product_nodes(distribution, dict.fromkeys(names, max(orders, default=1)))
    whole = low_discrepancy_nodes(distribution)
    return replace(whole, condition=whole.condition[:most], weights=torch.full((most,), 1 / most).double())


def _length(distribution: ImagingDistribution, order: int) -> int:
    return node_count(distribution, dict.fromkeys(refinable(distribution), order))


def _delocalisation_A(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """|∇_q χ|/2π [Å] of conditions (k,) at points: (k, n_phi, n_q)."""
    slopes = chi_slope(condition, qy, qx)
    return wavelength_A(condition.energy_eV) / (2 * torch.pi) * torch.hypot(*slopes)


def _levels(values: Tensor, weights: Tensor) -> Tensor:
    """Values (k, ...) with weights (k,) at the levels (i + ½)/LEVELS of probability: (LEVELS, ...)."""
    ordered, order = values.sort(dim=0)
    reached = weights[order].cumsum(dim=0)
    wanted = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
    wanted = wanted.reshape(-1, *[1] * (values.dim() - 1)).expand(LEVELS, *values.shape[1:])
    moved = torch.searchsorted(reached.movedim(0, -1).contiguous(), wanted.movedim(0, -1).contiguous())
    return ordered.gather(0, moved.movedim(-1, 0).clamp(max=len(weights) - 1))
