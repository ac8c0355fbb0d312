"""The means over an imaging distribution that all measures are made of: <|T|²> and <T> over the band."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.imaging.condition import ImagingCondition
from passband.imaging.motion import is_still, motion_transfer
from passband.imaging.phase import is_round
from passband.imaging.transfer import phase_transfer
from passband.information.band import PolarGrid
from passband.information.nodes import Nodes

CHUNK_ELEMENTS: Final = 2**18
"""Largest number of values of T that are computed at once [16 bytes each, several times over]."""


@dataclass(frozen=True)
class TransferMoments:
    """What a data set transfers on average.

    grid: the nodes of integrals; mean_power: <|T|²> in [0, 1], float64 (n_phi, n_q); mean_transfer: <T>,
    complex128 (n_phi, n_q), of modulus at most sqrt(mean_power).
    """

    grid: PolarGrid
    mean_power: NDArray[np.float64]
    mean_transfer: NDArray[np.complex128]

    @property
    def amplitude(self) -> NDArray[np.float64]:
        """a = sqrt<|T|²> in [0, 1], (n_phi, n_q)."""
        return np.sqrt(self.mean_power)

    def coarser_q(self) -> "TransferMoments":
        """The same on every second node in q, which is the rule of half the size."""
        columns = slice(None, None, 2)
        return TransferMoments(
            self.grid.coarser_q(), self.mean_power[:, columns], self.mean_transfer[:, columns]
        )

    def coarser_phi(self) -> "TransferMoments":
        """The same at every second azimuth."""
        grid = replace(self.grid, phi_rad=self.grid.phi_rad[::2])
        return TransferMoments(grid, self.mean_power[::2], self.mean_transfer[::2])


def transfer_moments(nodes: Nodes, grid: PolarGrid) -> TransferMoments:
    """<|T|²> and <T> on a grid: the weighted sums over the nodes of a distribution.

    Round transfer is computed along one direction and holds for all.
    """
    round_transfer = is_round(nodes.condition) and nodes.condition.drift_A is None
    qy, qx = _points(grid, round_transfer)
    power = torch.zeros(1 if round_transfer else grid.shape[0], grid.shape[1], dtype=torch.float64)
    transfer = torch.zeros_like(power, dtype=torch.complex128)
    size = max(1, CHUNK_ELEMENTS // power.numel())
    for start in range(0, len(nodes.weights), size):
        part = slice(start, start + size)
        added_power, added_transfer = _weighted_sums(nodes.condition[part], nodes.weights[part], qy, qx)
        power, transfer = power + added_power, transfer + added_transfer
    return TransferMoments(
        grid,
        np.broadcast_to(power.numpy(), grid.shape),
        np.broadcast_to(transfer.numpy(), grid.shape),
    )


def _points(grid: PolarGrid, round_transfer: bool) -> tuple[Tensor, Tensor]:
    """Frequencies [1/Å]: an axis along x for round transfer, else all points of the grid."""
    q = torch.from_numpy(grid.q_per_A)[None, :]
    if round_transfer:
        return torch.zeros(1, 1, dtype=torch.float64), q
    phi = torch.from_numpy(grid.phi_rad)[:, None]
    return q * phi.sin(), q * phi.cos()


def _weighted_sums(
    condition: ImagingCondition, weights: Tensor, qy: Tensor, qx: Tensor
) -> tuple[Tensor, Tensor]:
    T = phase_transfer(condition, qy, qx, torch.complex128)
    if not is_still(condition):
        T = T * motion_transfer(condition, qy, qx)
    return (
        torch.einsum("k,kpq->pq", weights, T.real**2 + T.imag**2),
        torch.einsum("k,kpq->pq", weights.to(T.dtype), T),
    )
