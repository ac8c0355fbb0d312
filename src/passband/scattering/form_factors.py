"""Electron form factors of neutral atoms: how strongly an atom scatters to each spatial frequency.

    f_e(q) = Σ_{i=1..5} a_i exp(-b_i s²),   s = q/2,

first Born approximation, rest mass. L.-M. Peng, G. Ren, S. L. Dudarev, M. J. Whelan, Acta Cryst. A52 (1996) 257;
International Tables for Crystallography C, table 4.3.2.2, fitted for s < 2 1/Å (q < 4 1/Å), H to Cf. Beyond that
the Gaussians fall faster than f_e, which falls as 1/q². The fits agree with f_e from X-ray form factors to 1.2 % up
to q = 2.4 1/Å, except those of Rb and Cs, 5 to 6 % beyond 1.6 1/Å. The coefficients come from the library gemmi.
"""

from collections.abc import Callable

import gemmi
import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError

FormFactor = Callable[[int, NDArray[np.float64]], NDArray[np.float64]]
"""f_e [Å] of an atomic number at frequencies q [1/Å] of any shape."""
_HEAVIEST = 98


def form_factor_A(number: int, q_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """f_e [Å] of the neutral atom with this number, 1 to 98, at q [1/Å] >= 0 of any shape.

    Raises UserError for another number: the tables end at californium.
    """
    if not 1 <= number <= _HEAVIEST:
        raise UserError(
            f"atoms: no electron form factor is tabulated for the atomic number {number}, only for 1 (H) to 98 (Cf)"
        )
    coefficients = np.round(gemmi.Element(number).c4322.get_coefs(), 4)  # the library keeps them in float32
    s_squared = np.square(q_per_A / 2)
    factor = np.zeros_like(s_squared)
    for a, b in coefficients.reshape(2, 5).T:
        factor += a * np.exp(-b * s_squared)
    return factor


def debye_waller(B_A2: float, q_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(-B s²), s = q/2: what vibration leaves of the mean amplitude, in (0, 1]; B [Å²] >= 0, q [1/Å]."""
    return np.exp(-B_A2 * np.square(q_per_A / 2))
