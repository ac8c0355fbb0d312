"""The phase χ that the lens adds to each direction of scattering, and its slope.

With the scattering angle α = λq written as the complex number w = α_x + i α_y, Krivanek's

    χ = (2π/λ) Σ C_nm α^(n+1)/(n+1) cos m(φ - φ_nm)
      = (2π/λ) Σ C_nm/(n+1) Re[e^(-i m φ_nm) w^p w*^r],      p = (n+1+m)/2,   r = (n+1-m)/2,

and since p and r are whole numbers, χ is a polynomial of sixth degree in α_y and α_x. On the grid of an image
it is two thin matrix products, whatever the aberrations, and its slope is the derivative of that polynomial.
O. L. Krivanek, N. Dellby, A. R. Lupini, Ultramicroscopy 78 (1999) 1.

Signs: C10 = -defocus, so underfocus makes χ negative; the wave is multiplied by exp(-iχ). Azimuths run from
the x axis (columns) towards the y axis (rows). Everything is float64, since χ reaches hundreds of radians.
"""

from math import comb, pi
from typing import Final

import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition

DEGREE: Final = 6
"""Degree of χ in the scattering angle: the highest order plus one."""


def chi(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> Tensor:
    """Aberration phase χ(q) [rad], float64 (..., ny, nx).

    qy and qx are float64 frequencies [1/Å]: the axes (ny, 1) and (1, nx) of a grid, or any points (ny, nx).
    """
    return _polynomial_value(_chi_polynomial(condition), *_angles(condition, qy, qx))


def chi_slope(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> tuple[Tensor, Tensor]:
    """Slope of χ by the scattering angle, (∂χ/∂α_y, ∂χ/∂α_x) [rad per rad], float64, each (..., ny, nx).

    By the spatial frequency it is λ times as much: ∇_q χ = λ ∇_α χ. qy and qx as in ``chi``.
    """
    polynomial, angles = _chi_polynomial(condition), _angles(condition, qy, qx)
    along_y, along_x = _by_y(polynomial), _by_y(polynomial.mT).mT
    return _polynomial_value(along_y, *angles), _polynomial_value(along_x, *angles)


def chi_curvature(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Curvature of χ by the scattering angle, ∂²χ/∂α_y², ∂²χ/∂α_y∂α_x, ∂²χ/∂α_x², float64, each (..., ny, nx).

    By the spatial frequency it is λ² times as much. qy and qx as in ``chi``.
    """
    along_y, angles = _by_y(_chi_polynomial(condition)), _angles(condition, qy, qx)
    along_x = _by_y(_chi_polynomial(condition).mT).mT
    twice = _by_y(along_y), _by_y(along_x), _by_y(along_x.mT).mT
    yy, yx, xx = (_polynomial_value(each, *angles) for each in twice)
    return yy, yx, xx


def is_round(condition: ImagingCondition) -> bool:
    """Whether χ depends on |q| alone, in every condition of the batch."""
    return not bool(condition.coefficients_A[..., _WITH_AZIMUTH].any())


def _angles(condition: ImagingCondition, qy: Tensor, qx: Tensor) -> tuple[Tensor, Tensor]:
    wavelength = wavelength_A(condition.energy_eV)
    return wavelength * qy.to(torch.float64), wavelength * qx.to(torch.float64)


def _chi_polynomial(condition: ImagingCondition) -> Tensor:
    """Coefficients (..., 7, 7) of χ by the powers of α_y and α_x."""
    size = condition.coefficients_A * (2 * pi / wavelength_A(condition.energy_eV))
    turn = _SYMMETRY.to(size.device) * condition.azimuths_rad
    parts = torch.cat([size * turn.cos(), size * turn.sin()], dim=-1)
    return (parts @ _BASIS.to(parts.device)).reshape(*parts.shape[:-1], DEGREE + 1, DEGREE + 1)


def _by_y(polynomial: Tensor) -> Tensor:
    """The derivative of a polynomial (..., 7, 7) by its first variable."""
    powers = torch.arange(1.0, DEGREE + 1, dtype=torch.float64, device=polynomial.device)
    return torch.nn.functional.pad(polynomial[..., 1:, :] * powers[:, None], (0, 0, 0, 1))


def _polynomial_value(polynomial: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Σ_ab polynomial[..., a, b] y^a x^b, on the grid that two axes span or at single points."""
    if y.shape[-1] == 1 and x.shape[-2] == 1:
        return _powers(y) @ polynomial @ _powers(x).mT
    points = y + torch.zeros_like(x), x + torch.zeros_like(y)
    value = (_powers(points[0]) @ polynomial * _powers(points[1])).sum(-1)
    return value.reshape(*polynomial.shape[:-2], *points[0].shape)


def _powers(values: Tensor) -> Tensor:
    """Powers 0 to 6 of all values, (n, 7)."""
    return torch.vander(values.flatten(), DEGREE + 1, increasing=True)


def _basis() -> Tensor:
    """Polynomials of Re[w^p w*^r]/(n+1) and of Im[w^p w*^r]/(n+1), all aberrations, (28, 49)."""
    rows = torch.zeros(2, len(ABERRATIONS), DEGREE + 1, DEGREE + 1, dtype=torch.float64)
    for index, (_, n, m, _) in enumerate(ABERRATIONS):
        p, r = (n + 1 + m) // 2, (n + 1 - m) // 2
        for j in range(p + 1):
            for k in range(r + 1):
                # (x + iy)^p (x - iy)^r: j factors iy of the first, k factors -iy of the second bracket
                factor = comb(p, j) * comb(r, k) * 1j**j * (-1j) ** k / (n + 1)
                rows[0, index, j + k, n + 1 - j - k] += factor.real
                rows[1, index, j + k, n + 1 - j - k] += factor.imag
    return rows.flatten(0, 1).flatten(1)


_BASIS: Final = _basis()
_SYMMETRY: Final = torch.tensor([a.symmetry for a in ABERRATIONS])
_WITH_AZIMUTH: Final = [index for index, a in enumerate(ABERRATIONS) if a.symmetry > 0]
