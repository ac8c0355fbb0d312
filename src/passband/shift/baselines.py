"""Plain distances between domains, which every measure of information has to beat.

Three are used: how far the defocus moved; how far its magnitude moved, since contrast reversal alone leaves
|T| as it is; and how far the power spectra of the images are apart, which needs no knowledge of the
microscope at all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passband.grid import Grid


def abs_delta(value: float, other: float) -> float:
    """|value - other|, for example of two mean defoci [nm]."""
    return abs(value - other)


def abs_delta_abs(value: float, other: float) -> float:
    """||value| - |other||: blind to the sign, as contrast reversal is to |T|."""
    return abs(abs(value) - abs(other))


@dataclass(frozen=True)
class LogPowerSpectrum:
    """Mean log10 power of the images of a domain over rings of spatial frequency.

    q_per_A: (n_rings,) mean frequency of each ring [1/Å]; log10_power: (n_rings,) dimensionless, white noise
    is 0.
    """

    q_per_A: NDArray[np.float64]
    log10_power: NDArray[np.float64]


def log_power_spectrum(
    images: NDArray[np.floating], sampling_A: float, q_max_per_A: float
) -> LogPowerSpectrum:
    """Ring-averaged log10 power of images (n, ny, nx), mean over the images, for 0 < q < q_max.

    Every image is first brought to mean 0 and variance 1, as the networks see it, so neither dose nor
    contrast alone makes a distance. Rings are as wide as one step of the coarser frequency axis. The
    logarithm is taken of each image's ring mean. Raises ValueError for an image without any contrast or a
    band beyond the pixels.
    """
    grid = Grid((images.shape[-2], images.shape[-1]), sampling_A)
    if q_max_per_A > grid.nyquist_per_A * (1 + 1e-9):
        raise ValueError(f"q_max {q_max_per_A} 1/Å lies beyond the pixels' {grid.nyquist_per_A} 1/Å")
    q = np.hypot(*grid.frequencies_per_A())
    ring = np.rint(q / max(1 / extent for extent in grid.extent_A)).astype(np.int64)
    inside = (ring > 0) & (q < q_max_per_A)
    counts = np.bincount(ring[inside])[1:]
    powers = (_power(image)[inside] for image in images)
    means = np.stack([np.bincount(ring[inside], power)[1:] / counts for power in powers])
    return LogPowerSpectrum(
        q_per_A=np.bincount(ring[inside], q[inside])[1:] / counts,
        log10_power=np.log10(np.maximum(means, np.finfo(np.float64).tiny)).mean(axis=0),
    )


def power_spectrum_distance(a: LogPowerSpectrum, b: LogPowerSpectrum) -> float:
    """Root mean square difference of two log spectra over their rings [decades of power]; 0 for equal ones.

    Raises ValueError where the rings differ.
    """
    if a.q_per_A.shape != b.q_per_A.shape or not np.allclose(a.q_per_A, b.q_per_A):
        raise ValueError("the two spectra are given on different rings")
    return float(np.sqrt(np.mean((a.log10_power - b.log10_power) ** 2)))


def _power(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power per frequency (ny, nx) of an image brought to mean 0 and variance 1; its mean is 1."""
    centred = np.asarray(image, dtype=np.float64) - image.mean(dtype=np.float64)
    variance = np.mean(centred**2)
    if not variance > 0:
        raise ValueError("an image without contrast has no spectrum to compare")
    return np.asarray(np.abs(np.fft.fft2(centred)) ** 2 / (variance * centred.size), dtype=np.float64)
