"""abTEM's parameters: what differs is turned, what cannot be said is refused, and a round trip changes nothing."""

from math import inf, pi, sqrt
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.exchange.ctf import ALIASES, from_abtem, to_abtem
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition, symmetric_condition


def one(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=14, max_size=14),
    st.lists(st.floats(-pi, pi), min_size=14, max_size=14),
    st.floats(0, 100),
    st.floats(0, 1e-2),
)
def test_there_and_back_again_is_the_same_condition(
    sizes: list[float], azimuths: list[float], spread_A: float, convergence_rad: float
) -> None:
    turning = torch.tensor([size != 0 and a.symmetry > 0 for a, size in zip(ABERRATIONS, sizes, strict=True)])
    condition = ImagingCondition(
        200e3,
        torch.tensor(sizes, dtype=torch.float64),
        torch.tensor(azimuths, dtype=torch.float64) * turning,
        one(spread_A),
        one(convergence_rad),
        one(inf),
    )
    back = from_abtem(to_abtem(condition))
    assert back.energy_eV == condition.energy_eV
    assert torch.equal(back.coefficients_A, condition.coefficients_A)
    assert torch.equal(back.azimuths_rad, condition.azimuths_rad)
    assert float(back.focal_spread_A) == pytest.approx(spread_A, rel=1e-15)
    assert float(back.convergence_rad) == pytest.approx(convergence_rad, rel=1e-15)


def test_underfocus_widths_and_units_are_turned_at_the_door() -> None:
    # 10 nm of underfocus: C10 = -100 Å; σ = 10 Å is a 1/e half width of 14.142 Å; 0.3 mrad stays 0.3
    told = to_abtem(symmetric_condition(300e3, -100.0, 1.2e7, 10.0, 3e-4))
    expected = {
        "energy": 300e3,
        "C10": -100.0,
        "C30": 1.2e7,
        "focal_spread": 10 * sqrt(2),
        "angular_spread": 0.3,
    }
    assert told == pytest.approx(expected)
    read = from_abtem({"energy": 300e3, "defocus": 100.0, "Cs": 1.2e7, "focal_spread": 14.142135623730951})
    assert float(read.defocus_A) == 100.0
    assert float(read.coefficient_A("C30")) == 1.2e7
    assert float(read.focal_spread_A) == pytest.approx(10.0)
    assert float(read.dose_e_per_A2) == inf


@pytest.mark.parametrize(("name", "symbol"), sorted(ALIASES.items()))
def test_names_mean_the_same_as_symbols(name: str, symbol: str) -> None:
    sign = -1 if name == "defocus" else 1
    by_name = {name: 7.0} | ({f"{name}_angle": 0.3} if symbol[-1] != "0" else {})
    by_symbol = {symbol: sign * 7.0} | ({f"phi{symbol[1:]}": 0.3} if symbol[-1] != "0" else {})
    nested = {"aberration_coefficients": by_symbol}
    conditions = [from_abtem({"energy": 3e5, **given}) for given in (by_name, by_symbol, nested)]
    for other in conditions[1:]:
        assert torch.equal(conditions[0].coefficients_A, other.coefficients_A)
        assert torch.equal(conditions[0].azimuths_rad, other.azimuths_rad)
    assert float(conditions[0].coefficient_A(symbol)) == sign * 7.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"defokus": 1.0}, "did you mean 'defocus'"),
        ({"Cs_angle": 1.0}, "unknown key 'Cs_angle'"),
        ({"defocus": 1.0, "C10": -1.0}, "given twice"),
        ({"defocus": "scherzer"}, "one finite number"),
        ({"C30": float("nan")}, "one finite number"),
        ({"C30": [1.0, 2.0]}, "one finite number"),
        ({"focal_spread": -1.0}, "0 or more"),
        ({"semiangle_cutoff": 20.0}, "no counterpart"),
        ({"flip_phase": True}, "no counterpart"),
        ({"energy": 0.0}, "energy"),
        ({"aberration_coefficients": 3.0}, "by their symbols"),
    ],
)
def test_what_is_wrong_or_cannot_be_taken_over_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_abtem({"energy": 300e3, **given})


def test_parameters_without_effect_are_taken() -> None:
    neutral = {"semiangle_cutoff": inf, "soft": False, "flip_phase": False, "wiener_snr": 0.0}
    assert float(from_abtem({"energy": 300e3, "C10": 5.0, **neutral}).C10_A) == 5.0


def test_a_batch_and_an_image_in_motion_have_no_parameters() -> None:
    with pytest.raises(ValueError, match="not a batch"):
        to_abtem(symmetric_condition(300e3, torch.zeros(2)))
    still = symmetric_condition(300e3, 0.0)
    moving = ImagingCondition(
        still.energy_eV,
        still.coefficients_A,
        still.azimuths_rad,
        still.focal_spread_A,
        still.convergence_rad,
        still.dose_e_per_A2,
        vibration_A=one(0.5),
    )
    with pytest.raises(ValueError, match="vibration"):
        to_abtem(moving)
