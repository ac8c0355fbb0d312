"""One structure from a file of atoms, read by ASE from text.

Only formats of a list are read: ASE knows others that may run code or open a connection.
"""

import warnings
from io import StringIO
from pathlib import Path
from typing import Final

import ase
import numpy as np
from ase.io import read

from passband.errors import UserError
from passband.exchange.crystal_slab import LARGEST_ATOMS
from passband.storage.atomic import explained_io
from passband.structure.cell import unit_cell
from passband.structure.cif import crystal_from_cif_text

FORMATS: Final[dict[str, tuple[str, ...]]] = {
    ".xyz": ("extxyz", "xyz"),
    ".extxyz": ("extxyz",),
    ".cif": ("cif",),
    ".pdb": ("proteindatabank",),
    ".vasp": ("vasp",),
    ".poscar": ("vasp",),
    ".xsf": ("xsf",),
}
"""Suffix -> ASE's names of the formats that are tried; all of them are text and hold nothing but data."""
NAMES_WITHOUT_SUFFIX: Final = ("POSCAR", "CONTCAR")
"""Files of VASP that are known by their whole name."""
LARGEST_FILE_BYTES: Final = 256 * 2**20


def only_structure(path: Path) -> ase.Atoms:
    """The one structure of a file, with everything that ASE found about it; a CIF as all atoms of its cell.

    Raises UserError for a format that is not in FORMATS, and for a file that is missing, too large, damaged, or holds
    no structure, several, or one with partly occupied sites.
    """
    kinds = _kinds(path)
    text = _text(path)
    if kinds != ("cif",):
        return _parsed(text, kinds, path.name)
    cell = unit_cell(crystal_from_cif_text(text, path.stem))
    return ase.Atoms(numbers=cell.numbers, scaled_positions=cell.fractional, cell=cell.vectors_A, pbc=True)


def _kinds(path: Path) -> tuple[str, ...]:
    name = ".vasp" if path.name in NAMES_WITHOUT_SUFFIX else path.suffix.lower()
    if name not in FORMATS:
        raise UserError(f"{path.name} is none of the files of atoms that passband reads: {' '.join(FORMATS)}")
    return FORMATS[name]


def _text(path: Path) -> str:
    with explained_io("reading", path):
        if not path.is_file():
            raise UserError(f"there is no file {path}; give the path of a file of atoms")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise UserError(
                f"{path} is larger than {LARGEST_FILE_BYTES // 2**20} MiB; give one structure, not a trajectory"
            )
        data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8; a file of atoms was expected") from None


def _parsed(text: str, kinds: tuple[str, ...], name: str) -> ase.Atoms:
    structures = next((found for kind in kinds if (found := _tried(text, kind)) is not None), None)
    if structures is None:
        raise UserError(f"{name} is damaged, or no {kinds[0]} file; check that it is complete")
    if len(structures) != 1 or not 0 < len(structures[0]) <= LARGEST_ATOMS:
        raise UserError(f"{name} holds {len(structures)} structures, or one without atoms; give exactly one")
    found = structures[0]
    if (
        min(found.numbers) < 1
        or not np.isfinite(found.positions).all()
        or not np.isfinite(found.cell.array).all()
    ):
        raise UserError(
            f"{name} holds an atom without element, or a place that is no number; correct the file"
        )
    return found


def _tried(text: str, kind: str) -> list[ase.Atoms] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            structures: list[ase.Atoms] = read(StringIO(text), index=":", format=kind)
    except Exception:  # ASE's parsers raise many kinds
        return None
    return structures
