"""abTEM as the oracle of the exchange: its own CTF and its own reader and writer, on what we gave it or it gave us."""

from pathlib import Path
from typing import Any

import abtem
import ase.build
import numpy as np
import pytest
import torch
from abtem.transfer import CTF
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.exchange.ctf import ALIASES, from_abtem, to_abtem
from passband.exchange.waves import load_wave, save_wave
from passband.grid import Grid
from passband.imaging.condition import symmetric_condition, with_aberrations
from passband.imaging.image import intensity
from passband.imaging.transfer import frequency_axes, wave_transfer
from passband.wave import ExitWave

ANGLES = np.linspace(-np.pi, np.pi, 37)[:, None]
LENGTHS = np.linspace(0.0, 1.25, 40)[None]
CONDITION = with_aberrations(
    symmetric_condition(300e3, -80.0, -1.2e5, 15.0, 2e-4),
    {"C12": 30.0, "C21": 400.0, "C23": 600.0},
    {"C12": 0.4, "C21": -1.1, "C23": 2.0},
)


def their_transfer(parameters: dict[str, Any]) -> np.ndarray:
    with abtem.config.set({"precision": "float64"}):
        alpha = wavelength_A(parameters["energy"]) * LENGTHS + 0 * ANGLES
        return np.asarray(CTF(**parameters)._evaluate_from_angular_grid(alpha, ANGLES + 0 * LENGTHS))


@settings(max_examples=40)
@given(
    st.sampled_from([80e3, 200e3, 300e3]),
    st.floats(-500, 500),
    st.lists(st.floats(-1, 1), min_size=len(ALIASES), max_size=len(ALIASES)),
    st.lists(st.floats(-3, 3), min_size=len(ALIASES), max_size=len(ALIASES)),
    st.floats(0, 60),
    st.floats(0, 0.5),
)
def test_a_ctf_in_abtems_own_words_transfers_the_same(
    energy_eV: float,
    defocus_A: float,
    sizes: list[float],
    angles: list[float],
    spread_A: float,
    angle_mrad: float,
) -> None:
    # up to 6 rad of each aberration at 1.25 1/Å: 2π/λ C α^(n+1)/(n+1) = 6
    parameters: dict[str, Any] = {"energy": energy_eV, "focal_spread": spread_A, "angular_spread": angle_mrad}
    top = 1.25 * wavelength_A(energy_eV)
    for (name, symbol), size, angle in zip(ALIASES.items(), sizes, angles, strict=True):
        order, symmetry = int(symbol[1]), int(symbol[2])
        parameters[name] = size * 6 * wavelength_A(energy_eV) * (order + 1) / (2 * np.pi * top ** (order + 1))
        if symmetry:
            parameters[f"{name}_angle"] = angle
    parameters["defocus"] = defocus_A
    condition = from_abtem(parameters)
    qy, qx = (torch.from_numpy(LENGTHS * turn(ANGLES)) for turn in (np.sin, np.cos))
    ours = wave_transfer(condition, qy, qx, dtype=torch.complex128).numpy()
    assert np.abs(ours - their_transfer(parameters)).max() < 1e-6
    assert np.abs(ours - their_transfer(to_abtem(condition))).max() < 1e-6


@pytest.fixture(scope="module")
def smooth_wave() -> ExitWave:
    """Three frozen phonons whose intensity still fits the band of its oblong grid: spectrum within half of it."""
    generator = torch.Generator().manual_seed(5)
    grid = Grid((72, 96), 0.25)
    qy, qx = frequency_axes(grid)
    phase = torch.fft.fft2(torch.randn(3, 72, 96, generator=generator, dtype=torch.float64))
    phase = torch.fft.ifft2(phase * (torch.hypot(qy, qx) < 0.5)).real
    field = torch.fft.fft2(torch.polar(torch.ones_like(phase), phase)) * (torch.hypot(qy, qx) < 0.98)
    return ExitWave(torch.fft.ifft2(field).to(torch.complex64), grid, 300e3, focus_offset_A=-35.0)


def test_abtems_ctf_on_our_written_wave_makes_our_image(smooth_wave: ExitWave, tmp_path: Path) -> None:
    save_wave(tmp_path / "wave.zarr", smooth_wave, {"scene": "test"})
    theirs = abtem.from_zarr(str(tmp_path / "wave.zarr"))
    assert isinstance(theirs, abtem.Waves)
    assert theirs.energy == smooth_wave.energy_eV
    assert theirs.sampling == (0.25, 0.25)
    assert [axis.label for axis in theirs.axes_metadata] == ["Frozen phonons", "x", "y"]
    parameters = to_abtem(CONDITION.refocused(smooth_wave.focus_offset_A))
    images = theirs.compute(progress_bar=False).apply_ctf(CTF(**parameters)).intensity().array
    ours = intensity(smooth_wave, CONDITION).numpy()
    assert np.ptp(ours) > 0.5
    assert np.abs(images.mean(0).T - ours).max() < 1e-5


def multislice(**grid: Any) -> Any:
    gold = ase.build.bulk("Au", cubic=True) * (3, 2, 2)
    gold.rattle(0.1, seed=1)
    frozen = abtem.FrozenPhonons(gold, num_configs=2, sigmas=0.1, seed=1)
    return abtem.PlaneWave(energy=300e3).multislice(abtem.Potential(frozen, slice_thickness=2, **grid))


def test_a_wave_of_abtem_is_imaged_as_abtem_does(tmp_path: Path) -> None:
    waves = multislice(gpts=(96, 64)).compute(progress_bar=False)
    waves.to_zarr(str(tmp_path / "wave.zarr"))
    ours = load_wave(tmp_path / "wave.zarr")
    assert ours.energy_eV == 300e3
    assert ours.grid == Grid((64, 96), waves.sampling[0])
    assert ours.field.shape[0] == 2
    transfer = wave_transfer(CONDITION, *frequency_axes(ours.grid))
    behind = torch.fft.ifft2(torch.fft.fft2(ours.field) * transfer)
    theirs = waves.apply_ctf(CTF(**to_abtem(CONDITION))).array
    assert np.abs(theirs.swapaxes(-1, -2) - behind.numpy()).max() < 1e-4


def test_oblong_pixels_become_square_and_the_scattered_wave_stays(tmp_path: Path) -> None:
    waves = multislice(gpts=(96, 80)).compute(progress_bar=False)
    waves.to_zarr(str(tmp_path / "wave.zarr"))
    ours = load_wave(tmp_path / "wave.zarr")
    assert ours.grid.shape == (80, 120)  # 12.24 x 8.16 Å: 3 to 2
    assert ours.grid.extent_A == pytest.approx((8.16, 12.24))
    before = np.fft.fft2(waves.array.swapaxes(-1, -2), norm="forward")[:, :20, :20]
    after = torch.fft.fft2(ours.field, norm="forward")[:, :20, :20].numpy()
    assert np.abs(before - after).max() < 1e-6


@pytest.mark.parametrize("normalize", [False, True])
def test_vacuum_is_one_however_abtem_normalises_its_plane_wave(normalize: bool, tmp_path: Path) -> None:
    wave = abtem.PlaneWave(energy=200e3, normalize=normalize, gpts=(32, 40), sampling=0.2).build()
    wave.compute(progress_bar=False).to_zarr(str(tmp_path / "wave.zarr"))
    field = load_wave(tmp_path / "wave.zarr").field
    assert torch.allclose(field.abs(), torch.ones_like(field.abs()), atol=1e-5)
