"""Conversions between the user's units and those inside: Å, rad, eV, 1/Å. One per function, unit in the name."""

from math import radians
from typing import Final

A_PER_NM: Final = 10.0
A_PER_UM: Final = 1e4
A_PER_MM: Final = 1e7
FWHM_PER_STD: Final = 2.3548200450309493
"""Full width at half maximum of a Gaussian over its standard deviation, 2 sqrt(2 ln 2)."""


def nm_to_A(length_nm: float) -> float:
    """Length [nm] to [Å]."""
    return length_nm * A_PER_NM


def A_to_nm(length_A: float) -> float:
    """Length [Å] to [nm]."""
    return length_A / A_PER_NM


def um_to_A(length_um: float) -> float:
    """Length [µm] to [Å]."""
    return length_um * A_PER_UM


def mm_to_A(length_mm: float) -> float:
    """Length [mm] to [Å]."""
    return length_mm * A_PER_MM


def kV_to_eV(energy_kV: float) -> float:
    """Acceleration voltage [kV] to the electron's kinetic energy [eV]."""
    return energy_kV * 1e3


def mrad_to_rad(angle_mrad: float) -> float:
    """Angle [mrad] to [rad]."""
    return angle_mrad * 1e-3


def deg_to_rad(angle_deg: float) -> float:
    """Angle [°] to [rad]."""
    return radians(angle_deg)
