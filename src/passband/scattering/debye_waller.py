"""Thermal vibration: the Debye-Waller factor B of every element, one row with its source each.

An atom that vibrates with the mean square displacement <u²> along one axis scatters on average exp(-B s²) of what it
would scatter at rest, with s = q/2 and B = 8π² <u²>. Room temperature. A value belongs to an element in a solid, not to
the element; where a study needs another one, `SimulationSpec.debye_waller_A2` names it.

Peng 1996: L.-M. Peng, G. Ren, S. L. Dudarev, M. J. Whelan, Acta Cryst. A52 (1996) 456, table 1, elemental crystals at
280 K (5 % below 293 K for most), as transcribed in github.com/mason-daniel/simulated_tem.
Gao 1999: H. X. Gao, L.-M. Peng, Acta Cryst. A55 (1999) 926, at 300 K, as computed by
github.com/ThFriedrich/rmsd_parameterization.
Rows called "assumed" have no source: they are ours, of the size of the neighbouring rows.
"""

from dataclasses import dataclass
from typing import Final

from passband.errors import UserError

_SYMBOLS: Final = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y "
    "Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re "
    "Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf"
)
ELEMENTS: Final = tuple(_SYMBOLS.split())
"""Symbols of the elements 1 to 98, in order of their number."""


@dataclass(frozen=True)
class ThermalRow:
    """B [Å²], the solid it was found in, and its source."""

    B_A2: float
    solid: str
    source: str


ASSUMED: Final = ThermalRow(0.6, "any", "assumed")
"""The row of every element that has none of its own."""
_PENG: Final = "Peng 1996"
_GAO: Final = "Gao 1999"

DEBYE_WALLER: Final = {
    "Li": ThermalRow(4.595, "bcc lithium", _PENG),
    "Be": ThermalRow(0.404, "hcp beryllium", _PENG),
    "C": ThermalRow(0.142, "diamond", _PENG),
    "O": ThermalRow(0.5, "metal oxides", "assumed"),
    "Na": ThermalRow(6.364, "bcc sodium", _PENG),
    "Mg": ThermalRow(1.731, "hcp magnesium", _PENG),
    "Al": ThermalRow(0.746, "fcc aluminium", _PENG),
    "Si": ThermalRow(0.463, "silicon", _PENG),
    "S": ThermalRow(0.7463, "ZnS", _GAO),
    "K": ThermalRow(10.239, "bcc potassium", _PENG),
    "Ca": ThermalRow(1.908, "fcc calcium", _PENG),
    "Sc": ThermalRow(0.712, "hcp scandium", _PENG),
    "Ti": ThermalRow(0.491, "hcp titanium", _PENG),
    "V": ThermalRow(0.546, "bcc vanadium", _PENG),
    "Cr": ThermalRow(0.239, "bcc chromium", _PENG),
    "Fe": ThermalRow(0.310, "bcc iron", _PENG),
    "Co": ThermalRow(0.35, "cobalt and its oxides", "assumed"),
    "Ni": ThermalRow(0.340, "fcc nickel", _PENG),
    "Cu": ThermalRow(0.526, "fcc copper", _PENG),
    "Zn": ThermalRow(0.8674, "ZnS", _GAO),
    "Ge": ThermalRow(0.573, "germanium", _PENG),
    "Se": ThermalRow(1.0, "CdSe", "assumed"),
    "Rb": ThermalRow(12.604, "bcc rubidium", _PENG),
    "Sr": ThermalRow(3.622, "fcc strontium", _PENG),
    "Y": ThermalRow(0.817, "hcp yttrium", _PENG),
    "Zr": ThermalRow(0.543, "hcp zirconium", _PENG),
    "Nb": ThermalRow(0.429, "bcc niobium", _PENG),
    "Mo": ThermalRow(0.205, "bcc molybdenum", _PENG),
    "Pd": ThermalRow(0.425, "fcc palladium", _PENG),
    "Ag": ThermalRow(0.7017, "fcc silver", _PENG),
    "Cd": ThermalRow(1.0, "CdSe", "assumed"),
    "Sn": ThermalRow(1.0825, "tin", _PENG),
    "Cs": ThermalRow(16.7698, "bcc caesium", _PENG),
    "Ba": ThermalRow(2.9279, "bcc barium", _PENG),
    "La": ThermalRow(1.7739, "lanthanum", _PENG),
    "Tb": ThermalRow(0.966, "terbium", _PENG),
    "Ho": ThermalRow(0.8023, "holmium", _PENG),
    "Ta": ThermalRow(0.3078, "bcc tantalum", _PENG),
    "W": ThermalRow(0.1526, "bcc tungsten", _PENG),
    "Pt": ThermalRow(0.3557, "fcc platinum", _PENG),
    "Au": ThermalRow(0.5925, "fcc gold", _PENG),
    "Pb": ThermalRow(2.0341, "fcc lead", _PENG),
    "Th": ThermalRow(0.6977, "fcc thorium", _PENG),
}
"""B of the elements that have a row of their own, by symbol."""


def thermal_row(number: int) -> ThermalRow:
    """The row of the element with this atomic number, 1 to 98; ASSUMED where it has none of its own.

    Raises UserError for another number.
    """
    if not 1 <= number <= len(ELEMENTS):
        raise UserError(
            f"atoms: no thermal factor for the atomic number {number}, only for 1 (H) to {len(ELEMENTS)} (Cf)"
        )
    return DEBYE_WALLER.get(ELEMENTS[number - 1], ASSUMED)
