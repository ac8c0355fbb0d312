"""The table of aberrations up to fifth order in Krivanek's notation.

C_nm adds (2π/λ) C_nm α^(n+1)/(n+1) cos m(φ - φ_nm) to the phase of the wave scattered by the angle α in the
direction φ. n is the order, m the symmetry: m = 0 has no azimuth, odd m breaks the symmetry T(-q) = T(q).
O. L. Krivanek, N. Dellby, A. R. Lupini, Ultramicroscopy 78 (1999) 1; names after P. W. Hawkes, E. Kasper,
Principles of Electron Optics (2018), vol. 2, ch. 31.
"""

from typing import Final, NamedTuple


class Aberration(NamedTuple):
    """Symbol, order n, symmetry m and the name that microscopists use."""

    symbol: str
    order: int
    symmetry: int
    name: str


ABERRATIONS: Final = (
    Aberration("C10", 1, 0, "defocus, with the sign turned"),
    Aberration("C12", 1, 2, "two-fold astigmatism"),
    Aberration("C21", 2, 1, "second-order coma"),
    Aberration("C23", 2, 3, "three-fold astigmatism"),
    Aberration("C30", 3, 0, "third-order spherical aberration"),
    Aberration("C32", 3, 2, "third-order star"),
    Aberration("C34", 3, 4, "four-fold astigmatism"),
    Aberration("C41", 4, 1, "fourth-order coma"),
    Aberration("C43", 4, 3, "fourth-order three-lobe"),
    Aberration("C45", 4, 5, "five-fold astigmatism"),
    Aberration("C50", 5, 0, "fifth-order spherical aberration"),
    Aberration("C52", 5, 2, "fifth-order star"),
    Aberration("C54", 5, 4, "fifth-order rosette"),
    Aberration("C56", 5, 6, "six-fold astigmatism"),
)
"""Every aberration, in the order in which conditions store their coefficients and azimuths."""

POSITION: Final = {aberration.symbol: index for index, aberration in enumerate(ABERRATIONS)}
"""Where a symbol stands in that order."""
