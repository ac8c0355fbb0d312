"""A crystal from the text of a CIF file. Reading the file is not done here."""

import warnings
from io import StringIO

import ase
import numpy as np
from ase.io import read

from passband.errors import UserError
from passband.records import parse_record
from passband.structure.cell import unit_cell
from passband.structure.crystals import Crystal


def crystal_from_cif_text(text: str, name: str) -> Crystal:
    """The crystal of a CIF, as all atoms of its cell in space group 1.

    So no setting of a space group is ever in doubt; the point group is found from the atoms.

    text: the content of the file; name: what the crystal is to be called, and how errors refer to it.
    Raises UserError where the text is no CIF, holds no or several structures, or has partly occupied sites.
    """
    atoms = _only_structure(text, name)
    occupancies = atoms.info.get("occupancy", {}).values()
    if any(abs(share - 1) > 1e-3 for site in occupancies for share in site.values()):
        raise UserError(f"{name}: the CIF has partly occupied sites; give an ordered cell")
    symbols = atoms.get_chemical_symbols()
    places = np.round(atoms.get_scaled_positions(), 8).tolist()
    lattice = zip(("a", "b", "c", "alpha", "beta", "gamma"), atoms.cell.cellpar().tolist(), strict=True)
    content = {
        "name": name,
        "spacegroup": 1,
        "sites": list(zip(symbols, places, strict=True)),
        "source": f"CIF {name}, all {len(symbols)} atoms of the cell",
    }
    crystal = parse_record(Crystal, {**dict(lattice), **content}, name)
    unit_cell(crystal)
    return crystal


def _only_structure(text: str, name: str) -> ase.Atoms:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            structures = read(StringIO(text), index=":", format="cif", fractional_occupancies=True)
    except Exception:  # ASE's parser raises many kinds
        raise UserError(f"{name}: not a CIF that can be read; check that it is complete") from None
    if len(structures) != 1 or len(structures[0]) == 0:
        raise UserError(f"{name}: the CIF holds {len(structures)} structures; give one with exactly one")
    return structures[0]
