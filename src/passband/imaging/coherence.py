"""Partial coherence without the envelopes: the points of the source over which intensities are averaged.

    I(r) = ∫ dz N(z; 0, σ_f²) ∫ d²k N(k; 0, β²/2λ²) |F⁻¹[ψ(q) exp(-iχ(q + k; C10 + z))]|²

This holds for strong objects too, where the envelopes of ``envelopes`` damp the wave as if each part of it interfered
with the unscattered beam only; for weak objects and small angles both agree. What a tilt does inside a thick specimen
is left out: the exit wave of a tilted beam is taken to be the tilted exit wave.
K. Ishizuka, Ultramicroscopy 5 (1980) 55.

A rule of nodes x and weights w stands for the integral as well as it gives the characteristic function of the normal
distribution: two waves whose phases part by κ rad per standard deviation interfere with Σ w exp(iκx), where exp(-κ²/2)
is right. Focus parts q1 and q2 by κ = π λ σ_f |q1² - q2²|, tilt along an axis by κ = σ_k |∂χ(q1) - ∂χ(q2)|, ∂ by q
along it. Every two waves count that lie in the square band and make detail that the image stores, q1 - q2 in the same
band. A rule is the shortest, Gauss-Hermite or of even steps, that errs by less than TOLERANCE up to the largest κ; the
former is shorter up to 3 rad or so, the latter grows in proportion to κ only. Where focus and both directions of tilt
together would need too many points, as with much delocalisation, those of a Sobol sequence take their place. Their
error is larger, and told; for the interference with the unscattered beam, the greatest part of every image,
``explicit`` takes the mean from ``interference`` instead.
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
from torch.nn.functional import max_pool2d

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.envelopes import temporal_envelope
from passband.imaging.phase import chi, chi_curvature, chi_slope

TOLERANCE: Final = 1e-4
"""Largest error of the interference of two waves that one rule makes: of focus, or of tilt along one axis."""
LONGEST_RULE: Final = 200
REACH_STD: Final = 5.0
"""Even steps end at so many standard deviations."""
TURN_STD: Final = 3.0
"""κ changes over the source; the largest is looked for up to so many standard deviations of focus and tilt."""
BAND_STEPS: Final = 16
"""Steps from the middle of the band to its edge in which two waves are looked for."""
PHASES: Final = (17, 81)
"""Values of κ of focus and of each tilt at which a sequence is tried."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SourcePoints:
    """Points of the source that stand for it.

    focus_A (n,): added to C10. tilt_per_A (n, 2): added to the frequencies (y, x). weight (n,): above 0, of sum 1.
    error: the largest error that they make of the interference of two waves of the band, as a share of what a point
    source gives: for rules the sum of those of their axes, for a sequence the largest over a lattice of phases; 0 for a
    point source. is_sequence: whether they are those of a Sobol sequence.
    """

    focus_A: Floats
    tilt_per_A: Floats
    weight: Floats
    error: float
    is_sequence: bool = False


def source_points(condition: ImagingCondition, grid: Grid, most_points: int) -> SourcePoints:
    """Points for one condition (batch shape ()) and waves that fill a stored grid; at most so many, 1 or more."""
    wavelength = wavelength_A(condition.energy_eV)
    spread_A = float(condition.focal_spread_A)
    tilt_std = float(condition.convergence_rad) / sqrt(2) / wavelength
    edge_per_A = grid.nyquist_per_A + TURN_STD * tilt_std
    focus_turn = 2 * pi * wavelength * spread_A * edge_per_A**2  # the corner against the middle
    tilt_turn = tilt_std * _largest_parting(condition, edge_per_A) if tilt_std else 0.0
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


def _largest_parting(condition: ImagingCondition, edge_per_A: float) -> float:
    """Largest |∂χ(q1) - ∂χ(q2)| [rad Å] along y or x, of q1, q2 and q1 - q2 in the square band that ends there."""
    device, n = condition.C10_A.device, 2 * BAND_STEPS + 1
    q = torch.linspace(-edge_per_A, edge_per_A, n, dtype=torch.float64, device=device)
    ends = torch.tensor([-TURN_STD, TURN_STD], dtype=torch.float64, device=device)
    slopes = torch.cat(chi_slope(condition.refocused(ends * condition.focal_spread_A), q[:, None], q[None]))
    # the window around each q1 holds every q2 that is no farther away than the edge
    highest = max_pool2d(slopes, n, stride=1, padding=BAND_STEPS)
    return wavelength_A(condition.energy_eV) * float((highest - slopes).max())


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
    error = _sequence_error(standard, turns)
    return SourcePoints(points[:, 0], points[:, 1:], np.full(n, 1 / n), error, is_sequence=True)


def _sequence_error(standard: Floats, turns: tuple[float, float]) -> float:
    """Largest error of the characteristic function of points (n, 3) over a lattice that fills the box of phases."""
    # κ and -κ err alike, so focus takes one sign
    phases = [np.linspace(0, turns[0], PHASES[0]), *[np.linspace(-turns[1], turns[1], PHASES[1])] * 2]
    z, ky, kx = (np.exp(1j * np.outer(each, standard[:, axis])) for axis, each in enumerate(phases))
    right_z, right_y, right_x = (np.exp(-(each**2) / 2) for each in phases)
    tilted = np.outer(right_y, right_x)
    errors = [
        np.abs((ky * focus) @ kx.T / len(standard) - right * tilted).max()
        for focus, right in zip(z, right_z, strict=True)
    ]
    return float(max(errors))
