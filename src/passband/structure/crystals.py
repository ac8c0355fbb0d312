"""Crystals as data: lattice, space group and asymmetric unit, with a source per row.

The lattice parameters are those of the published structure series (DaCosta, Oill & Scott, Elemental
Microscopy, doi 10.69761/kjte5358). The internal coordinates were not published there; each row names where
they come from.
"""

from difflib import get_close_matches
from typing import Annotated, Final, Literal

from pydantic import Field

from passband.errors import UserError
from passband.records import Record

Length = Annotated[float, Field(gt=0, le=200)]
Angle = Annotated[float, Field(gt=0, lt=180)]
Site = tuple[str, tuple[float, float, float]]
"""An element and its fractional coordinates."""


class Crystal(Record):
    """A crystal that needs nothing else: cell, space group, and the atoms that the group does not generate.

    a, b, c: lengths of the cell [Å]; alpha, beta, gamma: its angles [°].
    sites: element and fractional coordinates of each atom of the asymmetric unit. Space group 1 with all
        atoms of the cell describes any crystal.
    origin_choice: which of the two origins of International Tables A the coordinates refer to, where a group
        has two (227: 1 is -43m, 2 is -3m); of a rhombohedral group, 2 means rhombohedral axes.
    source: where the numbers come from.
    """

    name: str
    spacegroup: Annotated[int, Field(ge=1, le=230)]
    a: Length
    b: Length
    c: Length
    alpha: Angle = 90.0
    beta: Angle = 90.0
    gamma: Angle = 90.0
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=20_000)]
    origin_choice: Literal[1, 2] = 1
    source: str


def _cubic(name: str, spacegroup: int, a: float, sites: tuple[Site, ...], source: str) -> Crystal:
    choice: Literal[1, 2] = 2 if spacegroup == 227 else 1
    return Crystal(
        name=name, spacegroup=spacegroup, a=a, b=a, c=a, sites=sites, origin_choice=choice, source=source
    )


def _wurtzite(
    name: str, elements: tuple[str, str], lattice: tuple[float, float, float], source: str
) -> Crystal:
    (cation, anion), (a, c, u) = elements, lattice
    sites = ((cation, (1 / 3, 2 / 3, 0.0)), (anion, (1 / 3, 2 / 3, u)))
    return Crystal(name=name, spacegroup=186, a=a, b=a, c=c, gamma=120.0, sites=sites, source=source)


def _spinel(name: str, metal: str, a: float, u: float, source: str) -> Crystal:
    sites = ((metal, (0.125,) * 3), (metal, (0.5,) * 3), ("O", (u,) * 3))
    return _cubic(name, 227, a, sites, source)


_SERIES: Final = "a as published in the structure series"
_METAL: Final = "a, to 0.01 Å: K. Hermann, Crystallography and Surface Structure (2011), table E.2"
_TEXTBOOK: Final = "a, to 0.01 Å: textbook value (from memory, unverified); positions fixed by symmetry"

CRYSTALS: Final[dict[str, Crystal]] = {
    crystal.name: crystal
    for crystal in (
        _wurtzite(
            "ZnS", ("Zn", "S"), (3.8227, 6.2607, 0.3748),
            "a, c, u: Kisi & Elcombe, Acta Cryst. C 45 (1989) 1867",
        ),
        _wurtzite(
            "CdSe", ("Cd", "Se"), (4.2985, 7.0152, 0.375),
            "a, c: Xu & Ching, Phys. Rev. B 48 (1993) 4335; u: Wyckoff, Crystal Structures 1 (1963) 111",
        ),
        _cubic("Cu", 225, 3.6157, (("Cu", (0.0, 0.0, 0.0)),), f"{_SERIES}; position 4a, fixed by symmetry"),
        _cubic("Ag", 225, 4.0782, (("Ag", (0.0, 0.0, 0.0)),), f"{_SERIES}; position 4a, fixed by symmetry"),
        _cubic("C", 227, 3.5673, (("C", (0.125,) * 3),), f"{_SERIES}; position 8a, fixed by symmetry"),
        _cubic("Si", 227, 5.430, (("Si", (0.125,) * 3),), f"{_SERIES}; position 8a, fixed by symmetry"),
        _spinel("Fe3O4", "Fe", 8.394, 0.2548, f"{_SERIES}; u: Hamilton, Phys. Rev. 110 (1958) 1050"),
        _spinel("Co3O4", "Co", 8.065, 0.2640, f"{_SERIES}; u: Knop et al., Can. J. Chem. 46 (1968) 3463"),
        _cubic("Fe", 229, 2.866, (("Fe", (0.0, 0.0, 0.0)),), f"{_SERIES}; position 2a, fixed by symmetry"),
        _cubic("Au", 225, 4.08, (("Au", (0.0, 0.0, 0.0)),), f"{_METAL}; position 4a, fixed by symmetry"),
        _cubic("Pt", 225, 3.92, (("Pt", (0.0, 0.0, 0.0)),), f"{_METAL}; position 4a, fixed by symmetry"),
        _cubic(
            "Pd", 225, 3.89, (("Pd", (0.0, 0.0, 0.0)),),
            "a, to 0.01 Å: the table of elements of ASE; position 4a, fixed by symmetry",
        ),
        _cubic(
            "W", 229, 3.16, (("W", (0.0, 0.0, 0.0)),),
            "a, to 0.01 Å: the table of elements of ASE; position 2a, fixed by symmetry",
        ),
        _cubic("MgO", 225, 4.21, (("Mg", (0.0,) * 3), ("O", (0.5,) * 3)), _TEXTBOOK),
        _cubic("PbS", 225, 5.94, (("Pb", (0.0,) * 3), ("S", (0.5,) * 3)), _TEXTBOOK),
        _cubic("CeO2", 225, 5.41, (("Ce", (0.0,) * 3), ("O", (0.25,) * 3)), _TEXTBOOK),
    )
}  # fmt: skip
"""Crystals by name: first the nine lattices of the published structure series, then further ones."""
PUBLISHED_SERIES: Final = ("ZnS", "CdSe", "Cu", "Ag", "C", "Si", "Fe3O4", "Co3O4", "Fe")
"""The lattices of the published structure series."""


def crystal_of(crystal: str | Crystal) -> Crystal:
    """The crystal of this name, or the crystal itself.

    Raises UserError, naming the nearest name, where CRYSTALS has none of this name.
    """
    if isinstance(crystal, Crystal):
        return crystal
    if crystal in CRYSTALS:
        return CRYSTALS[crystal]
    near = get_close_matches(crystal.lower(), [name.lower() for name in CRYSTALS], n=1, cutoff=0.3)
    meant = [name for name in CRYSTALS if name.lower() in near]
    hint = f"did you mean '{meant[0]}'" if meant else "give a crystal record or a known name"
    raise UserError(f"no crystal is named '{crystal}'; {hint} (known: {', '.join(CRYSTALS)})")
