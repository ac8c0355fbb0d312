"""A CIF becomes a crystal that needs nothing else."""

import numpy as np
import pytest

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, point_group, unit_cell
from passband.structure.cif import crystal_from_cif_text
from passband.structure.crystals import CRYSTALS

ROCK_SALT = """data_MgO
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_cell_length_a 4.212
_cell_length_b 4.212
_cell_length_c 4.212
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
 _atom_site_label
 _atom_site_type_symbol
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
 Mg1 Mg 0.0 0.0 0.0 1.0
 O1 O 0.5 0.5 0.5 1.0
"""
PRIMITIVE = (
    ROCK_SALT.replace("F m -3 m", "P 1")
    .replace("225", "1")
    .replace("4.212", "2.97833376")  # 4.212 / sqrt(2), the edge of the primitive cell
    .replace(" 90\n", " 60\n")
)


def test_the_asymmetric_unit_is_expanded_to_the_whole_cell() -> None:
    """MgO: 4 formula units in the cubic cell, Mg-O = a/2 = 2.106 Å."""
    crystal = crystal_from_cif_text(ROCK_SALT, "MgO")
    cell = unit_cell(crystal)
    assert crystal.spacegroup == 1
    assert sorted(cell.numbers.tolist()) == [8] * 4 + [12] * 4
    assert nearest_neighbour_A(cell) == pytest.approx(2.106)


def test_a_primitive_cell_is_the_same_crystal_with_the_same_point_group() -> None:
    cubic, primitive = (crystal_from_cif_text(text, "MgO") for text in (ROCK_SALT, PRIMITIVE))
    assert len(unit_cell(primitive).numbers) == 2
    assert nearest_neighbour_A(unit_cell(primitive)) == pytest.approx(2.106)
    assert len(point_group(cubic)) == len(point_group(primitive)) == 48


def test_a_cif_without_symmetry_gives_the_same_atoms_as_the_table() -> None:
    """Co3O4 written out atom by atom, in space group 1, comes back as the cell it was written from."""
    cell = unit_cell(CRYSTALS["Co3O4"])
    rows = [
        f" A{i} {'Co' if z == 27 else 'O'} {x:.8f} {y:.8f} {w:.8f} 1.0"
        for i, (z, (x, y, w)) in enumerate(zip(cell.numbers, cell.fractional, strict=True))
    ]
    header = ROCK_SALT[: ROCK_SALT.index(" Mg1")].replace("F m -3 m", "P 1").replace("225", "1")
    crystal = crystal_from_cif_text(header.replace("4.212", "8.065") + "\n".join(rows) + "\n", "Co3O4")
    read = unit_cell(crystal)
    assert read.numbers.tolist() == cell.numbers.tolist()
    assert read.positions_A == pytest.approx(cell.positions_A, abs=1e-6)
    assert np.linalg.det(read.vectors_A) == pytest.approx(8.065**3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 structures"),
        ("not a CIF", "not a CIF"),
        (ROCK_SALT[:300], "my.cif"),
        (ROCK_SALT + ROCK_SALT.replace("data_MgO", "data_second"), "2 structures"),
        (ROCK_SALT.replace("0.5 0.5 0.5 1.0", "0.5 0.5 0.5 0.9"), "partly occupied"),
        (PRIMITIVE.replace("0.5 0.5 0.5", "0.05 0.0 0.0"), "0.15 Å apart"),
        (
            ROCK_SALT.replace("length_a 4.212", "length_a 4212"),
            "a: Input should be less than or equal to 200",
        ),
    ],
)
def test_a_cif_that_is_no_ordered_crystal_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(UserError, match=f"my.cif.*{message}|{message}.*my.cif|^my.cif"):
        crystal_from_cif_text(text, "my.cif")
