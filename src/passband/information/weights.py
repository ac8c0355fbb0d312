"""What counts how much: the weight w(q) of a measure.

    radial    w = 1                 every frequency alike
    area      w = q                 every element of the frequency plane alike; nearly blind to defocus
    specimen  w = q S(q)            the specimen's own power spectrum, over the plane: a share of its power

The first two need nothing else; the third needs waves to be named, from which S is taken (see `spectra`). In
two dimensions ∫ w dq is also a mean over azimuth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.information.band import PolarGrid
from passband.information.spectra import RadialSpectrum, SpecimenSpectrum, spectrum_at

Density = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""w as a function of q (1, n_q) [1/Å] and phi (n_phi, 1) [rad]; its result broadcasts to (n_phi, n_q)."""


@dataclass(frozen=True)
class Weight:
    """A named weight; directional where it depends on azimuth."""

    name: str
    density: Density
    directional: bool = False

    def on(self, grid: PolarGrid) -> NDArray[np.float64]:
        """Weights of the nodes, w dq dφ/π, 0 or more: (n_phi, n_q). Raises ValueError where all are 0."""
        density = self.density(grid.q_per_A[None, :], grid.phi_rad[:, None])
        weights = np.asarray(density * grid.element(), dtype=np.float64)
        if not weights.sum() > 0:
            raise ValueError(f"the weight '{self.name}' is zero over the whole band")
        return weights


def _one(q_per_A: NDArray[np.float64], phi_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(q_per_A)


def _area(q_per_A: NDArray[np.float64], phi_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    return q_per_A


RADIAL: Final = Weight("radial", _one)
AREA: Final = Weight("area", _area)


def specimen_weight(spectrum: RadialSpectrum | SpecimenSpectrum) -> Weight:
    """The weight q S(q) of a specimen's power spectrum; directional if the spectrum is two-dimensional."""

    def density(q_per_A: NDArray[np.float64], phi_rad: NDArray[np.float64]) -> NDArray[np.float64]:
        return q_per_A * spectrum_at(spectrum, q_per_A, phi_rad)

    return Weight("specimen", density, directional=isinstance(spectrum, SpecimenSpectrum))
