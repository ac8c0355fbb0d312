import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.micrograph.unit_names import UnitKind, parse_unit

NM_PER_UNIT = {
    "nm": 1,
    "[n_m]": 1,
    "n_m": 1,
    " NM ": 1,
    "nanometers": 1,
    "Å": 0.1,
    "\u212b": 0.1,  # the Angstrom sign, another code point than the letter
    "A": 0.1,
    "angstrom": 0.1,
    "Angstroms": 0.1,
    "pm": 1e-3,
    "[p_m]": 1e-3,
    "\u00b5m": 1e3,  # the micro sign
    "\u03bcm": 1e3,  # the Greek letter
    "\\u00B5m": 1e3,  # as ImageJ escapes it
    "um": 1e3,
    "[u_m]": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "mm": 1e6,
    "cm": 1e7,
    "inch": 2.54e7,
    "m": 1e9,
    "meters": 1e9,
}


@pytest.mark.parametrize("name", NM_PER_UNIT)
def test_a_length_is_understood_in_each_of_its_spellings(name: str) -> None:
    unit = parse_unit(name)
    assert unit.kind is UnitKind.LENGTH
    assert unit.nm == pytest.approx(NM_PER_UNIT[name], rel=1e-12)


@pytest.mark.parametrize(
    "name", ["1/nm", "1 / nm", "[1/n_m]", "nm^-1", "nm-1", "nm⁻¹", "1/Å", "1/m", "mrad", "rad"]
)
def test_a_spatial_frequency_or_an_angle_is_no_length(name: str) -> None:
    assert parse_unit(name).kind is UnitKind.RECIPROCAL


@pytest.mark.parametrize("name", ["eV", "keV", "[eV]"])
def test_an_energy_is_known_as_one(name: str) -> None:
    assert parse_unit(name).kind is UnitKind.ENERGY


@pytest.mark.parametrize("name", [None, "", "  ", "px", "pixels", "[]", "<undefined>"])
def test_pixels_and_nothing_are_a_missing_unit(name: str | None) -> None:
    assert parse_unit(name).kind is UnitKind.MISSING


@pytest.mark.parametrize("name", ["s", "1/s", "counts", "nmm", "°C"])
def test_anything_else_is_something_else(name: str) -> None:
    assert parse_unit(name).kind is UnitKind.OTHER


@given(st.text(max_size=60))
def test_any_text_has_a_kind_and_only_lengths_have_nanometres(name: str) -> None:
    unit = parse_unit(name)
    assert (unit.nm > 0) == (unit.kind is UnitKind.LENGTH)
