"""The band of spatial frequencies that measures are taken over, and the grids that integrate over it.

One band, [0, q_max] in every direction, serves both sides of every comparison: a limit that followed each
condition would hide the very loss that a measure has to show. T(-q) = T*(q), so |T|² and Re<T><T'>* repeat
after half a turn and azimuths run over [0, π).

Integrals are Clenshaw-Curtis in q and the trapezoidal rule in azimuth. In both, every second node makes the
rule of half the size, so the error of a rule is seen from values that are there already. Reference: L. N.
Trefethen, SIAM Review 50, 67 (2008), doi 10.1137/060659831.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from passband.records import Record


class Band(Record):
    """The spatial frequencies [0, q_max] [1/Å] that count, in every direction."""

    q_max_per_A: float = Field(default=1.25, gt=0)


@dataclass(frozen=True)
class PolarGrid:
    """Nodes of an integral over the band.

    q_per_A: (n_q,) from 0 to q_max, both included [1/Å]; dq_per_A: (n_q,) their weights, which sum to q_max;
    phi_rad: (n_phi,) equally spaced azimuths in [0, π), counted from x towards y; one of them for round
    transfer.
    """

    q_per_A: NDArray[np.float64]
    dq_per_A: NDArray[np.float64]
    phi_rad: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """(n_phi, n_q)."""
        return len(self.phi_rad), len(self.q_per_A)

    @property
    def intervals(self) -> int:
        """Number of intervals between the nodes in q."""
        return len(self.q_per_A) - 1

    def coarser_q(self) -> "PolarGrid":
        """The rule of half the size on every second node in q."""
        n_q = self.intervals // 2
        dq = float(self.q_per_A[-1]) / 2 * _clenshaw_curtis(n_q)
        return PolarGrid(self.q_per_A[::2], dq, self.phi_rad)

    def element(self) -> NDArray[np.float64]:
        """dq dφ/π of every node, (n_phi, n_q); sums to q_max."""
        return np.broadcast_to(self.dq_per_A / len(self.phi_rad), self.shape)


def polar_grid(band: Band, n_q: int, n_phi: int) -> PolarGrid:
    """A grid of n_q (even) intervals in q and n_phi azimuths over the band."""
    angle = np.pi * np.arange(n_q + 1) / n_q
    return PolarGrid(
        q_per_A=band.q_max_per_A * (1 - np.cos(angle)) / 2,
        dq_per_A=band.q_max_per_A / 2 * _clenshaw_curtis(n_q),
        phi_rad=np.pi * np.arange(n_phi) / n_phi,
    )


def _clenshaw_curtis(n: int) -> NDArray[np.float64]:
    """Weights of the n + 1 nodes cos(πj/n) on [-1, 1], n even: the cosine series, integrated term by term."""
    if n < 2 or n % 2:
        raise ValueError(f"the rule needs an even number of intervals, not {n}")
    moments = np.zeros(n + 1)
    even = np.arange(0, n + 1, 2)
    moments[even] = 2 / (1.0 - even**2)
    mirrored = np.concatenate([moments, moments[-2:0:-1]])
    weights = np.fft.fft(mirrored).real[: n + 1] / n
    weights[[0, -1]] /= 2
    return np.asarray(weights, dtype=np.float64)
