"""Which source is asked for, and that options of the other kind of source are refused, not ignored."""

from dataclasses import replace
from pathlib import Path

import ase
import ase.build
import ase.io
import numpy as np
import pytest

from passband.errors import UserError
from passband.exchange.atoms import AtomsOptions
from passband.study.specimens import Request, prepare


@pytest.fixture
def imaging(tmp_path: Path) -> Path:
    path = tmp_path / "imaging.yaml"
    path.write_text("defocus_nm: 5\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["POSCAR", "CONTCAR"])
def test_files_of_vasp_are_atoms_though_they_have_no_suffix(name: str, imaging: Path, tmp_path: Path) -> None:
    ase.io.write(tmp_path / name, ase.build.bulk("Au", cubic=True), format="vasp")
    placing = AtomsOptions(field_nm=2.0)
    prepared = prepare(Request(str(tmp_path / name), imaging=imaging, placing=placing))
    assert (prepared.specimen.atoms.numbers == 79).all()
    assert prepared.source.startswith(f"{name}: the unit cell")


@pytest.mark.parametrize("chosen", [{"structures": "CdSe"}, {"index": 0}, {"index": 3}])
def test_a_file_of_atoms_has_no_scenes_to_choose_from(
    chosen: dict[str, str | int], imaging: Path, tmp_path: Path
) -> None:
    request = Request(str(tmp_path / "gold.xyz"), imaging=imaging)
    with pytest.raises(UserError, match="is a file of atoms; leave out --structures and --index"):
        prepare(replace(request, **chosen))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        {"placing": AtomsOptions(field_nm=5.0)},
        {"placing": AtomsOptions(thickness_nm=5.0)},
        {"placing": AtomsOptions(zone_axis=(1, 1, 0))},
        {"placing": AtomsOptions(support_elements=("C",))},
        {"seed": 0},
    ],
)
def test_a_study_says_its_field_and_seeds_itself(given: dict[str, AtomsOptions | int]) -> None:
    with pytest.raises(UserError, match=r"demo is a study, which says field, .* and seed itself; leave out"):
        prepare(replace(Request("demo"), **given))  # type: ignore[arg-type]


def test_a_field_that_no_pixel_divides_names_the_way_out_and_that_way_works(
    imaging: Path, tmp_path: Path
) -> None:
    # 21.37 x 23.91 Å: no common pixel between 0.16 and 0.2 Å
    places = np.random.default_rng(0).permutation(8)[:, None] * np.array([2.5, 2.9, 1.0]) + 0.3
    periodic = ase.Atoms("Au8", positions=places, cell=(21.37, 23.91, 10), pbc=(True, True, False))
    ase.io.write(tmp_path / "field.xyz", periodic)
    request = Request(str(tmp_path / "field.xyz"), imaging=imaging)
    with pytest.raises(UserError, match=r"21\.37 x 23\.91 Å.*; --field-nm repeats and strains the cell"):
        prepare(request)
    repeated = prepare(replace(request, placing=AtomsOptions(field_nm=2.137)))
    assert min(repeated.specimen.atoms.cell_A[:2]) >= 21.37


def test_a_support_that_takes_all_atoms_is_refused(imaging: Path, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "gold.cif", ase.build.bulk("Au", cubic=True))
    placing = AtomsOptions(field_nm=2.0, support_elements=("Au",))
    with pytest.raises(UserError, match=r"gold\.cif: all its atoms would be the support"):
        prepare(Request(str(tmp_path / "gold.cif"), imaging=imaging, placing=placing))
