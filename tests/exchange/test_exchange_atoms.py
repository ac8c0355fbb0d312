"""Atoms of other programs: what a file holds decides what is done, and no atom is lost, doubled or moved on the way."""

from pathlib import Path

import ase
import ase.build
import ase.io
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.exchange.atoms import AtomsOptions, load_atoms, place_atoms, place_structure
from passband.exchange.crystal_slab import LARGEST_STRAIN, SlabSize, crystal_slab
from passband.scattering.field import field_grid
from passband.structure.atoms import Atoms, Role
from passband.structure.cell import UnitCell
from passband.structure.exchange import from_ase, to_ase


def nearest_A(atoms: Atoms) -> np.ndarray:
    """Distance to the nearest neighbour, periodic in x and y."""
    x_A, y_A, z_A = atoms.cell_A
    box = np.array([x_A, y_A, 10 * (z_A + 100)])
    distances, _ = cKDTree(atoms.positions_A, boxsize=box).query(atoms.positions_A, k=2)
    return np.asarray(distances[:, 1])


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    ase.io.write(tmp_path / "au.cif", ase.build.bulk("Au", cubic=True))
    return tmp_path / "au.cif"


@pytest.fixture
def wurtzite(tmp_path: Path) -> Path:
    ase.io.write(tmp_path / "cdse.cif", ase.build.bulk("CdSe", "wurtzite", a=4.2985, c=7.0152))
    return tmp_path / "cdse.cif"


@pytest.mark.parametrize("zone_axis", [(0, 0, 1), (1, 1, 0), (1, 1, 1), (1, 1, 2)])
def test_a_cubic_cell_fills_a_periodic_field_with_its_density_and_bonds(
    gold: Path, zone_axis: tuple[int, int, int]
) -> None:
    options = AtomsOptions(field_nm=5.0, thickness_nm=2.0, zone_axis=zone_axis)
    placed = place_atoms(gold, options)
    atoms = placed.atoms
    in_memory = place_structure(ase.build.bulk("Au", cubic=True), options).atoms
    assert np.allclose(in_memory.positions_A, atoms.positions_A)
    assert min(atoms.cell_A[:2]) >= 50
    assert max(atoms.cell_A[:2]) <= 65
    assert atoms.cell_A[2] >= 20
    assert len(atoms) / np.prod(atoms.cell_A) == pytest.approx(4 / 4.08**3, rel=0.01)
    # a/√2 = 2.885 Å, but for the strain of at most 0.5 % that brings the sides to whole pixels
    assert np.abs(nearest_A(atoms) - 2.885).max() < 0.005 * 2.885 + 1e-3
    assert "strained by" in placed.told
    assert (atoms.roles == Role.PARTICLE).all()
    assert np.isfinite(field_grid(atoms.cell_A, 0.4, "here").sampling_A)


@pytest.mark.parametrize("zone_axis", [(0, 0, 1), (1, 0, 0), (1, 1, 0)])
def test_a_hexagonal_cell_becomes_right_angled_without_shear(
    wurtzite: Path, zone_axis: tuple[int, int, int]
) -> None:
    atoms = load_atoms(wurtzite, AtomsOptions(field_nm=6.0, thickness_nm=2.0, zone_axis=zone_axis))
    # u = 3/8: three bonds of √(a²/3 + c²/64) = 2.632 Å and one of 3/8 c = 2.631 Å
    assert np.abs(nearest_A(atoms) - 2.631).max() < 0.02
    assert (atoms.numbers == 48).sum() == (atoms.numbers == 34).sum()


@settings(max_examples=40)
@given(
    st.tuples(*(st.floats(3, 9) for _ in range(3))),
    st.tuples(*(st.floats(75, 115) for _ in range(3))),
    st.sampled_from([(0, 0, 1), (1, 0, 0), (1, 1, 0), (2, -1, 1)]),
)
def test_any_cell_keeps_its_volume_within_the_strain_that_is_told(
    lengths: tuple[float, ...], angles: tuple[float, ...], zone_axis: tuple[int, int, int]
) -> None:
    vectors = np.asarray(ase.Atoms(cell=[*lengths, *angles], pbc=True).cell.array)
    assume(abs(np.linalg.det(vectors)) > 0.5 * np.prod(lengths))
    cell = UnitCell(vectors, np.array([[0.1, 0.2, 0.3], [0.6, 0.7, 0.9]]), np.array([31, 33]))
    try:
        slab = crystal_slab(cell, zone_axis, SlabSize(80.0, 15.0, 0.4), "cell")
    except UserError:  # more strain than is allowed
        return
    assert 0 <= slab.strain <= LARGEST_STRAIN
    cells = np.prod(slab.box_A) / abs(np.linalg.det(vectors))
    assert len(slab.numbers) / 2 == pytest.approx(cells, rel=3.1 * slab.strain + 1e-9)
    assert (slab.positions_A >= 0).all()
    assert (slab.positions_A < np.array(slab.box_A)).all()
    box = (slab.box_A[0], slab.box_A[1], slab.box_A[2])
    assert box[0] / 0.8 == pytest.approx(round(box[0] / 0.8))


def test_the_zone_axis_is_what_lies_along_the_beam(gold: Path) -> None:
    # along [1 1 0] the columns of gold are 4.08 x 2.885 Å apart in a centred rectangle: a column holds every atom at
    # the same x and y
    atoms = load_atoms(gold, AtomsOptions(field_nm=2.0, thickness_nm=4.0, zone_axis=(1, 1, 0)))
    columns = np.unique(np.round(atoms.positions_A[:, :2], 3), axis=0)
    repeats = round(atoms.cell_A[2] / (4.08 / np.sqrt(2)))
    assert len(atoms) == repeats * len(columns)


def test_a_particle_without_cell_stands_in_the_middle_of_vacuum(tmp_path: Path) -> None:
    particle = ase.Atoms("Au2C", positions=[(0, 0, 5), (10, 0, 9), (4, 6, 7)])
    ase.io.write(tmp_path / "p.xyz", particle, format="xyz")
    atoms = load_atoms(tmp_path / "p.xyz", AtomsOptions(vacuum_nm=1.0, support_elements=("C",)))
    assert atoms.cell_A == pytest.approx((30.4, 26.4, 4.0))  # 10 and 6 Å, 10 Å on each side, up to 0.8 Å
    assert atoms.positions_A[:, :2].mean(0) == pytest.approx([15.2 - 1 / 3, 13.2 - 1], abs=1e-6)
    assert atoms.positions_A[:, 2].min() == 0
    assert [int(n) for n in atoms.numbers[atoms.roles == Role.SUPPORT]] == [6]
    assert load_atoms(tmp_path / "p.xyz", AtomsOptions(field_nm=5.0)).cell_A[:2] == pytest.approx(
        (50.4, 50.4)
    )


def test_a_scene_of_passband_comes_back_as_it_was(tmp_path: Path) -> None:
    scene = ase.Atoms("C2Au", positions=[(1, 1, 1), (20, 3, 2), (15, 15, 9)], cell=(30, 30, 10))
    scene.set_array("role", np.array([0, 0, 1]))
    scene.set_array("particle", np.array([-1, -1, 0]))
    atoms = from_ase(scene)
    ase.io.write(tmp_path / "scene.xyz", to_ase(atoms))
    back = load_atoms(tmp_path / "scene.xyz")
    assert back.cell_A == atoms.cell_A
    assert np.array_equal(back.numbers, atoms.numbers)
    assert np.allclose(back.positions_A, atoms.positions_A)
    assert np.array_equal(back.roles, atoms.roles)
    with pytest.raises(UserError, match="is a scene of passband"):
        load_atoms(tmp_path / "scene.xyz", AtomsOptions(support_elements=("C",)))


def test_a_periodic_field_of_others_is_taken_as_it_stands_and_tags_may_name_the_support(
    tmp_path: Path,
) -> None:
    foreign = ase.Atoms(
        "C2Au", positions=[(1, 1, -3), (31, 3, 2), (15, 15, 9)], cell=(30, 30, 40), pbc=(1, 1, 0)
    )
    foreign.set_tags([7, 7, 0])
    ase.io.write(tmp_path / "field.xyz", foreign)
    atoms = load_atoms(tmp_path / "field.xyz", AtomsOptions(support_tag=7))
    assert atoms.cell_A == pytest.approx((30, 30, 12))  # z from -3 to 9
    assert sorted(atoms.positions_A[:, 0]) == pytest.approx([1, 1, 15])  # 31 Å is 1 Å
    assert (atoms.roles == np.where(atoms.numbers == 6, Role.SUPPORT, Role.PARTICLE)).all()


@pytest.mark.parametrize(
    ("name", "text", "options", "words"),
    [
        ("a.traj", "", {}, "none of the files of atoms"),
        ("a.py", "import os", {}, "none of the files of atoms"),
        ("missing.xyz", None, {}, "there is no file"),
        ("a.xyz", "3\n\nAu 0 0 0\n", {}, "damaged"),
        ("a.xyz", "1\n\nAu nan 0 0\n", {}, "no number"),
        ("a.xyz", "1\n\nXx 0 0 0\n", {}, "damaged"),
        ("a.xyz", "1\n\nAu 0 0 0\n1\n\nAu 0 0 1\n", {}, "2 structures"),
        ("a.xyz", "0\n\n", {}, "without atoms"),
        ("a.cif", "data_x\n", {}, "CIF"),
        ("a.xyz", "1\n\nAu 0 0 0\n", {"support_elements": ("Pt",)}, "has no Pt"),
        ("a.xyz", "1\n\nAu 0 0 0\n", {"support_tag": 3}, "no atom with the tag 3"),
        ("a.xyz", "2\n\nAu 0 0 0\nAu 30 0 0\n", {"field_nm": 2.0}, "do not fit"),
        ("a.xyz", "1\n\nAu 0 0 0\n", {"thickness_nm": 2.0}, "no periodic cell"),
    ],
)
def test_what_cannot_be_read_or_done_is_one_sentence(
    name: str, text: str | None, options: dict[str, float], words: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as told:
        load_atoms(path, AtomsOptions.model_validate(options))
    assert "\n" not in str(told.value)


def test_a_unit_cell_asks_for_the_field_that_it_is_to_fill(gold: Path) -> None:
    with pytest.raises(UserError, match=r"unit cell \(0.41 x 0.41 nm\); give field_nm"):
        load_atoms(gold)
    with pytest.raises(UserError, match="give field_nm"):
        load_atoms(gold, AtomsOptions(zone_axis=(1, 1, 1)))
    with pytest.raises(UserError, match="no direction"):
        load_atoms(gold, AtomsOptions(field_nm=4.0, zone_axis=(0, 0, 0)))
    coarse = load_atoms(gold, AtomsOptions(field_nm=2.1, pixel_A=10.0))
    assert coarse.cell_A[:2] == pytest.approx((40, 40))
    with pytest.raises(UserError, match="atoms; give a field_nm"):
        load_atoms(gold, AtomsOptions(field_nm=300.0, thickness_nm=300.0))


def test_a_layer_that_is_periodic_in_the_field_only_is_not_cut_in_two(tmp_path: Path) -> None:
    # a bilayer 3 Å thick about z = 0, in a cell with 20 Å of vacuum
    layer = ase.Atoms(
        "C2", positions=[(0, 0, -1.5), (1, 1, 1.5)], cell=[2.5, 2.5, 20], pbc=(True, True, False)
    )
    ase.io.write(tmp_path / "layer.xyz", layer)
    atoms = load_atoms(tmp_path / "layer.xyz", AtomsOptions(field_nm=3.0))
    assert np.unique(np.round(atoms.positions_A[:, 2], 6)) == pytest.approx([0, 3])


def test_a_crystal_that_would_be_bent_too_far_is_refused(tmp_path: Path) -> None:
    oblique = ase.Atoms("Si", positions=[(0, 0, 0)], cell=[5.15, 6.21, 7.31, 85, 99.2, 105], pbc=True)
    ase.io.write(tmp_path / "oblique.vasp", oblique)
    with pytest.raises(UserError, match=r"only with a strain of \d"):
        load_atoms(tmp_path / "oblique.vasp", AtomsOptions(field_nm=2.1))
