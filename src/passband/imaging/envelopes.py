"""Envelopes: how an unsteady focus and a cone of illumination damp the transfer of fine detail.

    E_t = exp[-½ (π λ σ_f q²)²]          σ_f the standard deviation of the focus
    E_s = exp[-(β/2)² |∇_α χ|²]          β the 1/e half width of the illumination angle

Both are averages of exp(-iχ) over a normal distribution (of focus with variance σ_f², of the angle with
variance β²/2 in each direction), with χ expanded to first order. Applied to the wave, as here, they are exact
only in linear imaging of weak objects: with explicit coherence, intensities are averaged instead (``coherence``).
R. H. Wade, J. Frank, Optik 49 (1977) 81; E. J. Kirkland, Advanced Computing in Electron Microscopy (2010),
sec. 3.2.
"""

from math import pi

from torch import Tensor

from passband.electron import wavelength_A
from passband.imaging.condition import ImagingCondition
from passband.imaging.phase import chi_slope


def temporal_envelope(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """E_t in (0, 1], float64 (..., ny, nx), at frequencies [1/Å] as in ``chi``."""
    return (-_temporal_damping(condition, qy, qx)).exp()


def spatial_envelope(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """E_s in (0, 1], float64 (..., ny, nx), at frequencies [1/Å] as in ``chi``; 1 where χ has no slope."""
    return (-_spatial_damping(condition, qy, qx)).exp()


def damping(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """-ln(E_t E_s), 0 or more, float64 (..., ny, nx), at frequencies [1/Å] as in ``chi``."""
    temporal = _temporal_damping(condition, qy, qx)
    if not bool(condition.convergence_rad.any()):
        return temporal
    return temporal + _spatial_damping(condition, qy, qx)


def _temporal_damping(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    width = pi * wavelength_A(condition.energy_eV) * condition.focal_spread_A[..., None, None]
    return 0.5 * (width * (qy**2 + qx**2)) ** 2


def _spatial_damping(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    slope_y, slope_x = chi_slope(condition, qy, qx)
    return (condition.convergence_rad[..., None, None] / 2) ** 2 * (slope_y**2 + slope_x**2)
