"""The fast electron: its wavelength and how strongly a potential turns its phase.

With m c² the electron's rest energy and E the kinetic energy,

    λ = h c / sqrt(E (E + 2 m c²)),        σ = 2π (m c² + E) / (λ E (2 m c² + E)).

Reference: E. J. Kirkland, Advanced Computing in Electron Microscopy (2010), eqs. 2.5 and 5.6.
"""

from math import pi, sqrt
from typing import Final

REST_ENERGY_EV: Final = 510_998.95069
"""Electron rest energy [eV], CODATA 2022."""
HC_EV_A: Final = 12_398.419843320026
"""Planck constant times speed of light [eV Å], exact in the SI of 2019."""
POTENTIAL_PER_FORM_FACTOR_V_A2: Final = HC_EV_A**2 / (2 * pi * REST_ENERGY_EV)
"""h² / (2π m e) = 47.8776 V Å²: an electron form factor [Å] to a Fourier coefficient of the potential [V Å³]."""


def wavelength_A(energy_eV: float) -> float:
    """Relativistic electron wavelength [Å] at kinetic energy [eV] > 0."""
    return HC_EV_A / sqrt(energy_eV * (energy_eV + 2 * REST_ENERGY_EV))


def interaction_constant_rad_per_VA(energy_eV: float) -> float:
    """Phase per projected potential [rad/(V Å)] at kinetic energy [eV] > 0."""
    relativistic = (REST_ENERGY_EV + energy_eV) / (2 * REST_ENERGY_EV + energy_eV)
    return 2 * pi * relativistic / (wavelength_A(energy_eV) * energy_eV)
