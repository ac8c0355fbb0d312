from pathlib import Path

import pytest
import yaml

from passband.errors import UserError
from passband.records import content_id
from passband.study.catalogue import CATALOGUE
from passband.study.load import load_imaging, load_study, study_yaml

CUBIC_CIF = """data_test
_cell_length_a 4.0782
_cell_length_b 4.0782
_cell_length_c 4.0782
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Ag1 Ag 0 0 0
"""


def written(folder: Path, change: dict[str, object] | None = None, drop: str | None = None) -> Path:
    """The demo as YAML with one dotted key changed or dropped."""
    data = yaml.safe_load(study_yaml(load_study("demo")))
    for dotted, value in (change or {}).items():
        *parents, last = dotted.split("/")
        place = data
        for key in parents:
            place = place[key]
        place[last] = value
    if drop:
        del data[drop]
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_study_of_the_catalogue_survives_yaml(name: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(study_yaml(load_study(name)), encoding="utf-8")
    assert content_id(load_study(str(path))) == content_id(load_study(name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seeds": 3}, ("unknown key 'seeds'", "did you mean 'seed'")),
        ({"defocus_nm": 5}, ("unknown key 'defocus_nm' at this place",)),
        ({"simulation/energy_kv": 300}, ("simulation.energy_kv", "energy_kV")),
        ({"random_starts": "four"}, ("random_starts", "integer", "'four'")),
        ({"train_on": ["-11 nm"]}, ("train_on", "-11 nm")),
        ({"domains/0 nm/structures": "Au"}, ("0 nm", "'Au'", "CdSe")),
        (
            {"domains/0 nm/imaging/defocus_nm": {"norml": {"mean": 1, "std": 2}}},
            ("defocus_nm", "norml", "normal"),
        ),
        ({"domains/0 nm/imaging/energy_kV": 200}, ("0 nm", "200 kV", "300 kV")),
        ({"structures/CdSe/scenes/crystal": "CdSo"}, ("crystal", "CdSo", "CdSe")),
        ({"structures/CdSe/scenes/particles/diameter_nm": [30.0, 40.0]}, ("CdSe", "diameter_nm", "field_nm")),
        ({"domains/0 nm/imaging/defocus_nm": {"uniform": [-900, 900]}}, ("0 nm", "field", "Å")),
        ({"domains/0 nm/imaging/Cs_mm": 1.2}, ("0 nm", "convergence_mrad")),
        (
            {"domains/0 nm/imaging/pixel_nm": 0.05},
            ("domains.0 nm.imaging.pixel_nm", "multiple of 32 pixels", "204.80", "0.05333 or 0.04571 nm"),
        ),
        ({"training/batches/crop_px": 288}, ("crop_px is 288", "256 px")),
        ({"domains/0 nm/imaging/pixel_nm": [0.03, 0.04]}, ("0 nm", "pixel_nm")),
        ({"network/input_sampling_A": 0.3}, ("input_sampling_A", "0.3", "0.4")),
        ({"structures/CdSe/scenes/crystal": {"cif": "gone.cif"}}, ("gone.cif",)),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_its_place(
    tmp_path: Path, change: dict[str, object], words: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as caught:
        load_study(str(written(tmp_path, change)))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert all(word in sentence for word in words), sentence


def test_a_missing_key_a_missing_file_and_an_unknown_name_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the key 'train_on' is missing"):
        load_study(str(written(tmp_path, drop="train_on")))
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        load_study(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(UserError, match=r"did you mean 'demo'\? A study of your own"):
        load_study("dmeo")
    with pytest.raises(UserError, match=r"the catalogue has .*\w\. A study of your own"):
        load_study("zzzzzz")


def test_a_crystal_from_a_cif_is_taken_into_the_study(tmp_path: Path) -> None:
    (tmp_path / "silver.cif").write_text(CUBIC_CIF, encoding="utf-8")
    study = load_study(str(written(tmp_path, {"structures/CdSe/scenes/crystal": {"cif": "silver.cif"}})))
    crystal = study.structures["CdSe"].scenes.crystal
    assert not isinstance(crystal, str)
    assert (crystal.name, len(crystal.sites)) == ("silver", 4)


def test_the_crystals_of_shells_and_alloys_may_be_cif_files_too(tmp_path: Path) -> None:
    (tmp_path / "silver.cif").write_text(CUBIC_CIF, encoding="utf-8")
    changes = {
        "structures/CdSe/scenes/crystal": "Au",
        "structures/CdSe/scenes/particles/alloy": {"crystal": {"cif": "silver.cif"}, "share": [0.2, 0.4]},
    }
    study = load_study(str(written(tmp_path, changes)))
    alloy = study.structures["CdSe"].scenes.particles.alloy
    assert alloy is not None
    assert not isinstance(alloy.crystal, str)
    assert alloy.crystal.name == "silver"


def test_pixels_that_do_not_fill_the_field_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """102.4 Å are 409.6 pixels of 0.25 Å."""
    study = written(tmp_path, {"simulation/sampling_A": 0.25})
    with pytest.raises(
        UserError, match=r"mine\.yaml: simulation\.sampling_A: .* 0\.256 Å would be, with 400 pixels"
    ):
        load_study(str(study))


def test_an_imaging_distribution_is_read_as_the_readme_writes_it(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    text = readme.split("```yaml\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "trained.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_imaging(path).dose_e_per_A2 == 400
