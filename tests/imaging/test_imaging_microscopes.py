"""Microscopes: each number has a source, none claims more than was read, and the optics follows from them."""

import sys
from math import pi, sqrt
from pathlib import Path

import pytest
import torch

from passband.cli import main
from passband.electron import wavelength_A
from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.distribution import ImagingDistribution, normal
from passband.imaging.draw import mean_condition
from passband.imaging.image import intensity
from passband.imaging.microscope_table import MICROSCOPES, Microscope, Sourced
from passband.imaging.microscopes import distribution, imaging_yaml, microscope, setting
from passband.study.load import load_imaging
from passband.units import kV_to_eV
from passband.wave import ExitWave

UNCORRECTED = [each for each in MICROSCOPES if each.Cs_mm is not None]
CORRECTED = [each for each in MICROSCOPES if each.Cs_mm is None]
EVERY = pytest.mark.parametrize("instrument", MICROSCOPES, ids=lambda each: each.name)


def numbers(instrument: Microscope) -> list[Sourced]:
    fields = {**dict(instrument), **dict(instrument.supplies)}
    return [value for value in fields.values() if isinstance(value, Sourced)]


@EVERY
def test_every_number_has_a_source_and_none_that_was_not_seen_is_called_verified(
    instrument: Microscope,
) -> None:
    assert len(numbers(instrument)) >= 5
    for number in numbers(instrument):
        assert len(number.source) > 10
        unseen = (
            "not seen" in number.source or number.source.startswith("ours") or "no document" in number.source
        )
        assert number.verified != unseen


def test_the_table_covers_the_kinds_that_users_ask_for() -> None:
    kinds = {(each.energy_kV, each.Cs_mm is None) for each in MICROSCOPES}
    assert {(200, False), (200, True), (300, False), (300, True), (80, True)} <= kinds
    assert len({each.name for each in MICROSCOPES}) == len(MICROSCOPES) >= 8


def test_the_tecnai_has_its_published_resolution_at_scherzer_defocus() -> None:
    # √(4/3) √(Cs λ) = 63.35 nm and a first zero at (λ³ Cs)^¼ / √(2 √(4/3)) = 2.441 Å: 200 kV, Cs 1.2 mm
    stands = setting(microscope("tecnai-f20-s-twin"))
    assert stands.defocus_nm == pytest.approx(63.35, abs=0.005)
    assert stands.point_resolution_A == pytest.approx(2.441, abs=5e-4)
    published = microscope("tecnai-f20-s-twin").published_resolution_A
    assert published is not None
    assert published.value == round(stands.point_resolution_A, 1)


@pytest.mark.parametrize("instrument", UNCORRECTED, ids=lambda each: each.name)
def test_an_uncorrected_microscope_resolves_what_its_sheet_says(instrument: Microscope) -> None:
    assert instrument.published_resolution_A is not None
    difference = setting(instrument).point_resolution_A - instrument.published_resolution_A.value
    assert abs(difference) < 0.07  # sheets round to 0.1 Å


def test_the_focal_spread_joins_gun_and_supplies_in_quadrature() -> None:
    # Cc 1.2 mm, 200 kV, 0.7 eV: 20.76 Å. With ripples of 1 ppm each: 12 Å from the voltage, 24 Å from the current
    def with_ripple(ppm: float) -> Microscope:
        ripple = Sourced(value=ppm, source="this test")
        supplies = {"voltage_ripple_ppm": ripple, "current_ripple_ppm": ripple}
        gun = {"energy_spread_eV": Sourced(value=0.7, source="this test")}
        own = microscope("tecnai-f20-s-twin")
        return own.model_copy(update={"supplies": own.supplies.model_copy(update=supplies), **gun})

    assert setting(with_ripple(0)).focal_spread_nm == pytest.approx(2.076, abs=1e-3)
    assert setting(with_ripple(1)).focal_spread_nm == pytest.approx(
        sqrt(2.076**2 + 1.2**2 + 2.4**2), abs=1e-3
    )


@pytest.mark.parametrize("instrument", CORRECTED, ids=lambda each: each.name)
def test_a_corrected_microscope_stands_at_lentzens_optimum_for_its_information_limit(
    instrument: Microscope,
) -> None:
    # Cs = 64/27 λ⁻³ g⁻⁴ and |Z| = 16/9 λ⁻¹ g⁻², where E_t = e⁻²: π λ σ g² = 2
    stands, wavelength = setting(instrument), wavelength_A(kV_to_eV(instrument.energy_kV))
    g = sqrt(2 / (pi * wavelength * 10 * stands.focal_spread_nm))
    assert 1 / g == pytest.approx(stands.information_limit_A)
    assert stands.Cs_mm * 1e7 == pytest.approx(instrument.cs_sign * 64 / 27 / (wavelength**3 * g**4))
    assert stands.defocus_nm * 10 == pytest.approx(instrument.cs_sign * 16 / 9 / (wavelength * g**2))


@pytest.mark.parametrize(
    ("name", "bright"),
    [
        ("feg-300", False),
        ("uhr-200", False),
        ("corrected-300", False),
        ("negative-cs-300", True),
        ("corrected-80", True),
    ],
)
def test_one_weak_atom_is_dark_with_positive_and_bright_with_negative_cs(name: str, bright: bool) -> None:
    imaging = distribution(microscope(name))
    grid = Grid((256, 256), 0.5)
    r = (torch.arange(256) - 128) * grid.sampling_A
    phase = 0.02 * torch.exp(-(r[:, None] ** 2 + r**2) / 2)
    wave = ExitWave(torch.polar(torch.ones_like(phase), phase)[None], grid, kV_to_eV(imaging.energy_kV))
    centre = float(intensity(wave, mean_condition(imaging))[128, 128])
    assert (centre > 1.002) if bright else (centre < 0.998)


@EVERY
def test_the_yaml_that_is_printed_reads_back_as_the_same_distribution(
    instrument: Microscope, tmp_path: Path
) -> None:
    path = tmp_path / "imaging.yaml"
    path.write_text(imaging_yaml(instrument), encoding="utf-8")
    assert load_imaging(path) == distribution(instrument)
    assert all(number.source in path.read_text(encoding="utf-8") for number in numbers(instrument))


def test_a_study_may_set_its_own_defocus_and_dose() -> None:
    imaging = distribution(microscope("feg-300"), normal(-10, 1.5), 400.0)
    assert isinstance(imaging, ImagingDistribution)
    assert (imaging.defocus_nm, imaging.dose_e_per_A2, imaging.Cs_mm) == (normal(-10, 1.5), 400.0, 1.2)


@pytest.mark.parametrize(
    ("name", "hint"), [("f20", "tecnai-f20-s-twin"), ("negativ-cs-300", "negative-cs-300")]
)
def test_an_unknown_name_is_told_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{hint}'"):
        microscope(name)


def test_the_command_lists_all_and_exits_with_2_for_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["passband", "microscopes"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    told = capsys.readouterr().out
    assert all(each.name in told for each in MICROSCOPES)
    assert "1200✓" in told
    assert "1.4?" in told
    assert "…" not in told
    monkeypatch.setattr(sys, "argv", ["passband", "microscopes", "--show", "nothing-like-it"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "there is no microscope 'nothing-like-it'" in capsys.readouterr().err.replace("\n", " ")
