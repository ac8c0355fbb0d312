"""Landmarks of a microscope that people know by name: Scherzer defocus, resolutions, zeros of the transfer.

All follow from χ = π λ C10 q² + (π/2) C30 λ³ q⁴ and E_t = exp[-½ (π λ σ_f q²)²]. Each function is for one
value, in float64.
"""

from math import inf, pi, sqrt
from typing import Final, NamedTuple

from passband.electron import REST_ENERGY_EV, wavelength_A

SCHERZER_CONSTANTS: Final = {
    "1: the phase bottoms at -π/2": 1.0,
    "√(4/3): the phase bottoms at -2π/3": sqrt(4 / 3),
    "1.2: a rounding in wide use, the phase bottoms at -0.72 π": 1.2,
    "√1.5: the phase bottoms at -3π/4": sqrt(1.5),
}
"""The constants c of the literature in c √(Cs λ), by name. χ has its minimum -π c²/2 there. L. Reimer, H. Kohl,
Transmission Electron Microscopy (2008), 6.2.6 (c = 1 and 1.2); D. B. Williams, C. B. Carter, Transmission
Electron Microscopy (2009), 28.7 (√(4/3)); J. C. H. Spence, High-Resolution Electron Microscopy (2013), 4.2."""


class Optimum(NamedTuple):
    """Sizes (> 0) of spherical aberration and defocus [Å]; bright atoms take Cs < 0 and overfocus."""

    Cs_A: float
    defocus_A: float


def scherzer_defocus_A(Cs_A: float, energy_eV: float, constant: float) -> float:
    """Underfocus c √(Cs λ) [Å] for Cs > 0; name the constant, see SCHERZER_CONSTANTS.

    O. Scherzer, J. Appl. Phys. 20 (1949) 20.
    """
    return constant * sqrt(Cs_A * wavelength_A(energy_eV))


def point_resolution_A(Cs_A: float, energy_eV: float, constant: float = sqrt(1.5)) -> float:
    """Distance [Å] at the first zero of sin χ for Cs > 0 at c √(Cs λ): (λ³ Cs)^¼ / √(2c).

    With c = √1.5 it is (λ³ Cs / 6)^¼. O. Scherzer, J. Appl. Phys. 20 (1949) 20.
    """
    return sqrt(sqrt(wavelength_A(energy_eV) ** 3 * Cs_A) / (2 * constant))


def corrected_optimum(energy_eV: float, highest_frequency_per_A: float) -> Optimum:
    """Best phase contrast up to a frequency g [1/Å] where Cs is free: Cs = 64/27 λ⁻³ g⁻⁴, |Z| = 16/9 λ⁻¹ g⁻².

    M. Lentzen, Microsc. Microanal. 12 (2006) 191.
    """
    wavelength, g = wavelength_A(energy_eV), highest_frequency_per_A
    return Optimum(64 / 27 / (wavelength**3 * g**4), 16 / 9 / (wavelength * g**2))


def information_limit_A(focal_spread_A: float, energy_eV: float) -> float:
    """Distance [Å] at which E_t = e⁻²: √(π λ σ_f / 2), for the standard deviation σ_f of the focus [Å]."""
    return sqrt(pi * wavelength_A(energy_eV) * focal_spread_A / 2)


def focal_spread_A(
    Cc_A: float,
    energy_eV: float,
    energy_spread_eV: float,
    relative_voltage_ripple: float = 0.0,
    relative_current_ripple: float = 0.0,
) -> float:
    """Standard deviation of the focus [Å] from the chromatic aberration Cc [Å] and what is unsteady.

    Cc √[(r σ_E/E)² + (σ_U/U)² + 4 (σ_I/I)²], r = (1 + E/mc²)/(1 + E/2mc²); all spreads are standard deviations
    (a full width at half maximum is 2.3548 of them). L. Reimer, H. Kohl, Transmission Electron Microscopy
    (2008), 2.3.3 and 6.4.2.
    """
    relativistic = (1 + energy_eV / REST_ENERGY_EV) / (1 + energy_eV / (2 * REST_ENERGY_EV))
    energy = relativistic * energy_spread_eV / energy_eV
    return Cc_A * sqrt(energy**2 + relative_voltage_ripple**2 + 4 * relative_current_ripple**2)


def transfer_zeros_per_A(C10_A: float, C30_A: float, energy_eV: float, q_max_per_A: float) -> list[float]:
    """Frequencies in (0, q_max] [1/Å], rising, at which sin χ = 0: χ = n π with C10 and C30 alone.

    Without C30 they are √(n / (λ |C10|)).
    """
    if q_max_per_A == inf:
        raise ValueError("the zeros go on without end; give a finite q_max_per_A")
    wavelength = wavelength_A(energy_eV)
    linear, square = wavelength * C10_A, wavelength**3 * C30_A / 2
    turning = -linear / (2 * square) if square else inf  # χ/π = linear u + square u² in u = q²
    ends = [u for u in (turning, q_max_per_A**2) if 0 < u <= q_max_per_A**2]
    extremes = [0.0, *(linear * u + square * u**2 for u in ends)]
    zeros: set[float] = set()
    for n in range(int(min(extremes)) - 1, int(max(extremes)) + 2):
        zeros.update(sqrt(u) for u in _roots(square, linear, -n) if 0 < u <= q_max_per_A**2)
    return sorted(zeros)


def _roots(a: float, b: float, c: float) -> list[float]:
    """Real roots of a u² + b u + c."""
    if a == 0:
        return [-c / b] if b else []
    inside = b**2 - 4 * a * c
    if inside < 0:
        return []
    larger = -(b + sqrt(inside) * (1 if b >= 0 else -1)) / 2  # no cancellation
    return [larger / a, *([c / larger] if larger else [])]
