from math import exp, pi

import pytest
import torch

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.envelopes import damping, spatial_envelope, temporal_envelope
from passband.imaging.phase import chi
from passband.imaging.transfer import (
    frequency_axes,
    on_grid,
    phase_transfer,
    rings,
    round_transfers,
    wave_transfer,
)

AXES = frequency_axes(Grid((48, 40), 0.4))
UNCORRECTED = symmetric_condition(300e3, -600.0, 1.2e7, 20.0, 3e-4)


def coma_and_more(base: ImagingCondition) -> ImagingCondition:
    return with_aberrations(base, {"C12": 40.0, "C21": 2000.0, "C23": 900.0}, {"C12": 0.2, "C23": 1.0})


@pytest.mark.parametrize("condition", [UNCORRECTED, coma_and_more(UNCORRECTED)], ids=["round", "with coma"])
def test_single_precision_is_right_where_chi_is_hundreds_of_radians(condition: ImagingCondition) -> None:
    axes = frequency_axes(Grid((256, 256), 0.4))
    assert chi(condition, *axes).abs().max() > 300
    exact = wave_transfer(condition, *axes, dtype=torch.complex128)
    assert (wave_transfer(condition, *axes) - exact).abs().max() < 1e-6


@pytest.mark.parametrize("shape", [(48, 40), (33, 33), (8, 1)])
def test_rings_say_all_for_round_aberrations(shape: tuple[int, int]) -> None:
    qy, qx = frequency_axes(Grid(shape, 0.4))
    on = rings(qy, qx)
    assert on.q_per_A.numel() < 0.5 * shape[0] * shape[1] + 2
    assert (on.q_per_A.diff() > 0).all()
    from_rings = on_grid(round_transfers(UNCORRECTED, on), on)
    assert torch.allclose(from_rings, wave_transfer(UNCORRECTED, qy, qx), atol=1e-6)


def test_a_batch_of_conditions_gives_a_batch_of_transfers() -> None:
    batch = symmetric_condition(300e3, torch.tensor([[-100.0], [50.0]]), torch.tensor([0.0, 1e6, -1e6]), 10.0)
    whole = wave_transfer(batch, *AXES)
    assert whole.shape == (2, 3, 48, 40)
    assert torch.allclose(whole[1, 2], wave_transfer(batch[1, 2], *AXES), atol=1e-6)
    assert phase_transfer(batch, *AXES).shape == (2, 3, 48, 40)


def test_transfer_is_the_phase_times_both_envelopes() -> None:
    condition = coma_and_more(UNCORRECTED)
    expected = torch.exp(-1j * chi(condition, *AXES))
    expected = expected * temporal_envelope(condition, *AXES) * spatial_envelope(condition, *AXES)
    assert torch.allclose(wave_transfer(condition, *AXES, dtype=torch.complex128), expected, atol=1e-10)
    both = temporal_envelope(condition, *AXES) * spatial_envelope(condition, *AXES)
    assert torch.allclose((-damping(condition, *AXES)).exp(), both, atol=1e-12)


def test_the_transfer_of_a_weak_phase_is_sin_chi_for_round_and_even_aberrations() -> None:
    even = with_aberrations(UNCORRECTED, {"C12": 50.0, "C34": 1e5}, {"C12": 0.3, "C34": 0.1})
    for condition in (UNCORRECTED, even):
        T = phase_transfer(condition, *AXES, dtype=torch.complex128)
        envelopes = (-damping(condition, *AXES)).exp()
        assert torch.allclose(T.real, chi(condition, *AXES).sin() * envelopes, atol=1e-10)
        assert T.imag.abs().max() < 1e-10


def test_with_coma_sin_chi_alone_is_wrong_by_tens_of_percent() -> None:
    coma = with_aberrations(symmetric_condition(300e3, -100.0, 0.0, 10.0), {"C21": 3e3})
    T = phase_transfer(coma, *AXES, dtype=torch.complex128)
    alone = chi(coma, *AXES).sin() * temporal_envelope(coma, *AXES)
    assert T.imag.abs().max() > 0.3
    assert (T - alone).abs().max() > 0.3
    # T = (i/2)[t(q) - t*(-q)], so T(-q) = T*(q): the image of a phase is real
    reverse = phase_transfer(coma, -AXES[0], -AXES[1], dtype=torch.complex128)
    assert torch.allclose(reverse, T.conj(), atol=1e-10)


def test_envelopes_are_the_named_formulas() -> None:
    q, wavelength = 0.8, wavelength_A(300e3)
    here = torch.zeros(1, 1, dtype=torch.float64), torch.full((1, 1), q, dtype=torch.float64)
    condition = symmetric_condition(300e3, -100.0, 1e6, 25.0, 4e-4)
    E_t = exp(-0.5 * (pi * wavelength * 25.0 * q**2) ** 2)
    slope = 2 * pi / wavelength * (-100.0 * wavelength * q + 1e6 * (wavelength * q) ** 3)
    assert float(temporal_envelope(condition, *here)) == pytest.approx(E_t)
    assert float(spatial_envelope(condition, *here)) == pytest.approx(exp(-((4e-4 / 2) ** 2) * slope**2))


def test_the_unscattered_beam_passes_untouched() -> None:
    t = wave_transfer(coma_and_more(UNCORRECTED), *AXES)
    assert t[0, 0] == 1
