"""A square-pixel, periodic sampling of the field of view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Grid:
    """Shape (ny, nx) [px] and pixel size [Å]; axis order is y, x everywhere."""

    shape: tuple[int, int]
    sampling_A: float

    @property
    def extent_A(self) -> tuple[float, float]:
        """Size of the field (y, x) [Å]."""
        return self.shape[0] * self.sampling_A, self.shape[1] * self.sampling_A

    @property
    def nyquist_per_A(self) -> float:
        """Highest spatial frequency that the pixels carry [1/Å]."""
        return 0.5 / self.sampling_A

    def frequencies_per_A(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Spatial frequencies in FFT order: qy of shape (ny, 1) and qx of shape (1, nx) [1/Å]."""
        qy, qx = (np.asarray(np.fft.fftfreq(n, self.sampling_A), dtype=np.float64) for n in self.shape)
        return qy[:, None], qx[None, :]
