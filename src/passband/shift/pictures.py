"""How alike two domains look to who has only their images: paired Fourier ring correlation.

The images of both domains show the same structures, pair by pair, so what they share at a frequency q is seen
from FRC(q) = Σ Re F F'* / sqrt(Σ |F|² Σ |F'|²) over a ring and all pairs, in [-1, 1]: contrast reversal is
negative, noise and other phases bring it to zero. (M. van Heel, Ultramicroscopy 21, 95 (1987).)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft2

from passband.grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RingCorrelation:
    """Fourier ring correlation (n_rings,) in [-1, 1] at mean frequencies q_per_A (n_rings,) [1/Å]."""

    q_per_A: Floats
    correlation: Floats


def ring_correlation(
    a: NDArray[np.floating], b: NDArray[np.floating], sampling_A: float, q_max_per_A: float
) -> RingCorrelation:
    """Paired FRC of images (n, ny, nx) for 0 < q < q_max [1/Å]. Raises ValueError for different shapes."""
    if a.shape != b.shape:
        raise ValueError("paired images need equal shapes, and the same structures in the same places")
    grid = Grid((a.shape[-2], a.shape[-1]), sampling_A)
    columns = a.shape[-1] // 2 + 1  # of a real image, those of negative frequency say nothing new
    q = np.hypot(*grid.frequencies_per_A())[:, :columns]
    ring = np.rint(q * min(grid.extent_A)).astype(np.int64)
    inside = (ring > 0) & (q < min(q_max_per_A, grid.nyquist_per_A))
    stand_for = np.where(np.arange(columns) % (a.shape[-1] / 2) == 0, 1.0, 2.0) * np.ones_like(q)
    weights = stand_for[inside]
    first, second = (rfft2(np.asarray(each, dtype=np.float32))[:, inside] for each in (a, b))

    def sums(values: NDArray[np.floating]) -> Floats:
        return np.asarray(np.bincount(ring[inside], weights * values.sum(0))[1:], dtype=np.float64)

    both, own, other = (
        sums((x * y.conj()).real) for x, y in ((first, second), (first, first), (second, second))
    )
    count = np.bincount(ring[inside], weights)[1:]
    scale = np.sqrt(own * other)
    return RingCorrelation(
        q_per_A=np.bincount(ring[inside], weights * q[inside])[1:] / count,
        correlation=np.divide(both, scale, out=np.zeros_like(both), where=scale > 0),
    )


def mean_ring_correlation(found: RingCorrelation) -> float:
    """Mean over the plane, ∫ FRC q dq / ∫ q dq, in [-1, 1]."""
    return float((found.correlation * found.q_per_A).sum() / found.q_per_A.sum())
