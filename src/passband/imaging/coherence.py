"""Partial coherence without the envelopes: the points of the source over which intensities are averaged.

    I(r) = ∫ dz N(z; 0, σ_f²) ∫ d²k N(k; 0, β²/2λ²) |F⁻¹[ψ(q) exp(-iχ(q + k; C10 + z))]|²

This holds for strong objects too, where the envelopes of ``envelopes`` damp the wave as if each part of it interfered
with the unscattered beam only; for weak objects and small angles both agree. What a tilt does inside a thick specimen
is left out: the exit wave of a tilted beam is taken to be the tilted exit wave.
K. Ishizuka, Ultramicroscopy 5 (1980) 55.

A rule of nodes x and weights w stands for the integral as well as it gives the characteristic function of the normal
distribution: two waves whose phases part by κ rad per standard deviation interfere with Σ w exp(iκx), where exp(-κ²/2)
is right. Focus parts them by at most κ = π λ σ_f q², tilt by κ = σ_k |∇_q χ| against the unscattered beam. A rule is
the shortest, Gauss-Hermite or of even steps, that errs by less than TOLERANCE up to this κ; the former is shorter up
to 3 rad or so, the latter grows in proportion to κ only. Where focus and both directions of tilt together would need
too many points, as with much delocalisation, those of a Sobol sequence take their place. Their error is larger, and
told; for the interference with the unscattered beam, the greatest part of every image, ``explicit`` takes the mean
from ``interference`` instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import pi, sqrt
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc
from torch import Tensor

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.envelopes import temporal_envelope
from passband.imaging.phase import chi, chi_curvature, chi_slope

TOLERANCE: Final = 1e-4
"""Largest error of the interference of two waves that a product of rules makes."""
LONGEST_RULE: Final = 200
REACH_STD: Final = 5.0
"""Even steps end at so many standard deviations."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SourcePoints:
    """Points of the source that stand for it.

    focus_A (n,): added to C10. tilt_per_A (n, 2): added to the frequencies (y, x). weight (n,): above 0, of sum 1.
    error: the largest error of the interference of two waves that they make, 0 for a point source. is_sequence:
    whether they are those of a Sobol sequence.
    """

    focus_A: Floats
    tilt_per_A: Floats
    weight: Floats
    error: float
    is_sequence: bool = False


def source_points(condition: ImagingCondition, grid: Grid, most_points: int) -> SourcePoints:
    """Points for one condition (batch shape ()) and waves that fill a stored grid; at most so many, 1 or more.

    The focus is resolved up to the corner of the band, tilts up to the Nyquist frequency.
    """
    wavelength = wavelength_A(condition.energy_eV)
    spread_A = float(condition.focal_spread_A)
    focus_turn = 2 * pi * wavelength * spread_A * grid.nyquist_per_A**2
    tilt_std = float(condition.convergence_rad) / sqrt(2) / wavelength
    tilt_turn = tilt_std * _steepest(condition, grid.nyquist_per_A) if tilt_std else 0.0
    foci, tilts = _rule(_rounded_up(focus_turn)), _rule(_rounded_up(tilt_turn))
    if len(foci[0]) * len(tilts[0]) ** 2 > most_points:
        return _sobol_points((spread_A, tilt_std, tilt_std), (focus_turn, tilt_turn), most_points)
    z, ky, kx = (part.ravel() for part in np.meshgrid(foci[0], tilts[0], tilts[0], indexing="ij"))
    weight = np.einsum("i,j,k->ijk", foci[1], tilts[1], tilts[1]).ravel()
    error = foci[2] + 2 * tilts[2]
    return SourcePoints(spread_A * z, tilt_std * np.stack([ky, kx], axis=-1), weight, error)


def interference(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """Mean of t(q) t*(0) over the source, complex128 (ny, nx), for one condition; frequencies [1/Å] as in ``chi``.

    With the slope g and the curvature H of χ by q, and the variance s of the tilt in each direction, it is

        exp(-iχ) E_t exp[-½ s gᵀ M⁻¹ g] / √det M,      M = 1 + i s (H - H(0)):

    χ to second order in the tilt. To first order M = 1, which is E_s; what is left out is of third order, and the
    product of a change of focus and a tilt.
    """
    wavelength = wavelength_A(condition.energy_eV)
    variance = (float(condition.convergence_rad) / wavelength) ** 2 / 2
    gy, gx = (wavelength * slope for slope in chi_slope(condition, qy, qx))
    curvature = (wavelength**2 * part for part in chi_curvature(condition, qy, qx))
    nowhere = torch.zeros(1, 1, dtype=torch.float64, device=qy.device)
    in_the_middle = (wavelength**2 * part for part in chi_curvature(condition, nowhere, nowhere))
    yy, yx, xx = (1j * variance * (part - none) for part, none in zip(curvature, in_the_middle, strict=True))
    determinant = (1 + yy) * (1 + xx) - yx**2
    form = ((1 + xx) * gy**2 - 2 * yx * gy * gx + (1 + yy) * gx**2) / determinant
    phase = -1j * chi(condition, qy, qx) - 0.5 * variance * form
    return temporal_envelope(condition, qy, qx) * phase.exp() / determinant.sqrt()


def _steepest(condition: ImagingCondition, q_max_per_A: float) -> float:
    """Largest |∇_q χ| [rad Å] on the circle q_max and inside it."""
    q = torch.linspace(0, q_max_per_A, 65, dtype=torch.float64, device=condition.C10_A.device)
    direction = torch.arange(32, dtype=torch.float64, device=q.device)[:, None] * (2 * pi / 32)
    slope_y, slope_x = chi_slope(condition, q * direction.sin(), q * direction.cos())
    return wavelength_A(condition.energy_eV) * float(torch.hypot(slope_y, slope_x).max())


def _rounded_up(turn: float) -> float:
    """κ to the next tenth, so that few rules are ever needed."""
    return float(np.ceil(10 * turn) / 10)


@lru_cache(maxsize=256)
def _rule(turn: float) -> tuple[Floats, Floats, float]:
    """Nodes and weights of the standard normal distribution, and their error, for phases up to κ = turn [rad]."""
    if turn == 0:
        return np.zeros(1), np.ones(1), 0.0
    phases = np.linspace(0, turn, 200)
    for n in range(2, LONGEST_RULE):
        for nodes, weights in _candidates(n):
            error = _error(nodes, weights, phases)
            if error < TOLERANCE:
                return nodes, weights, error
    return nodes, weights, error


def _candidates(n: int) -> Iterator[tuple[Floats, Floats]]:
    if n <= 40:
        points, weights = np.polynomial.hermite_e.hermegauss(n)
        yield points, weights / weights.sum()
    if n >= 8:
        points = np.linspace(-REACH_STD, REACH_STD, n)
        weights = np.exp(-(points**2) / 2)
        yield points, weights / weights.sum()


def _error(nodes: Floats, weights: Floats, phases: Floats) -> float:
    """Largest error of the characteristic function; rules are symmetric, so it is real."""
    return float(np.abs(np.cos(np.outer(phases, nodes)) @ weights - np.exp(-(phases**2) / 2)).max())


def _sobol_points(widths: tuple[float, ...], turns: tuple[float, float], most_points: int) -> SourcePoints:
    """So many points, down to a power of two, with equal weights."""
    n = 2 ** (most_points.bit_length() - 1)
    used = [axis for axis, width in enumerate(widths) if width > 0]
    standard = np.zeros((n, len(widths)))
    standard[:, used] = ndtri(qmc.Sobol(len(used), scramble=False).random(n) + 0.5 / n)
    points = standard * np.array(widths)
    # along each axis alone, which is where a sequence is best, and along the diagonals
    directions = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0.7071, 0.7071), (0, 0.7071, -0.7071)])
    reach = np.linspace(0, 1, 100)[:, None, None] * (directions * [turns[0], turns[1], turns[1]])
    means = np.exp(1j * reach.reshape(-1, 3) @ standard.T).mean(1)
    error = np.abs(means - np.exp(-(reach.reshape(-1, 3) ** 2).sum(1) / 2)).max()
    return SourcePoints(points[:, 0], points[:, 1:], np.full(n, 1 / n), float(error), is_sequence=True)
