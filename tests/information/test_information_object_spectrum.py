"""Spectra of objects beyond the weak-phase limit, against waves and images made of them."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
import torch

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import mean_condition
from passband.imaging.image import intensity
from passband.information.band import PolarGrid
from passband.information.expected import image_power
from passband.information.object_spectrum import (
    ObjectSpectrum,
    particle_spectrum,
    scene_spectra,
    weak_phase,
)
from passband.information.specimen import particle_count, specimen_of_waves
from passband.information.spectra import RadialSpectrum, specimen_spectrum
from passband.information.wave_moments import wave_moments
from passband.wave import ExitWave, SceneWaves

ENERGY_eV = 300e3
GRID = Grid((128, 128), 0.4)
LAMBDA_A = wavelength_A(ENERGY_eV)


def random_phase(seed: int, strength: float) -> torch.Tensor:
    """A phase with power up to 0.8 1/Å, of a standard deviation [rad]."""
    qy, qx = (torch.from_numpy(axis) for axis in GRID.frequencies_per_A())
    white = torch.randn(128, 128, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    smooth = torch.fft.ifft2(torch.fft.fft2(white) * torch.exp(-((qy**2 + qx**2) / 0.5**2))).real
    return strength * (smooth - smooth.mean()) / smooth.std()


def wave(phase: torch.Tensor, offset_A: float = 0.0) -> ExitWave:
    return ExitWave(torch.exp(1j * phase).to(torch.complex64)[None], GRID, ENERGY_eV, offset_A)


def at_nodes(spectrum: ObjectSpectrum) -> PolarGrid:
    """A grid whose nodes are the rings themselves."""
    return PolarGrid(spectrum.q_per_A, np.ones_like(spectrum.q_per_A), np.zeros(1))


def test_a_weak_phase_object_has_the_pseudo_power_minus_its_power() -> None:
    found = particle_spectrum([wave(random_phase(0, 0.01))])
    assert found.pseudo_A2 == pytest.approx(-found.power_A2, rel=0.02, abs=1e-3 * found.power_A2.max())


def test_a_strong_phase_object_has_amplitude_too() -> None:
    # exp(iφ) = 1 + iφ - φ²/2 …: the last part is of amplitude and adds +S of its own to C
    weak, strong = (particle_spectrum([wave(random_phase(0, s))]) for s in (0.01, 0.8))
    ratio = [float((each.pseudo_A2.real / each.power_A2)[0, 60]) for each in (weak, strong)]
    assert ratio[0] == pytest.approx(-1, abs=0.02)
    assert ratio[1] > -0.8


def test_the_pseudo_power_is_bounded_by_the_power_and_the_power_is_that_of_the_specimen() -> None:
    waves = [wave(random_phase(seed, 0.3)) for seed in range(3)]
    found = particle_spectrum(waves, sectors=4)
    assert np.all(np.abs(found.pseudo_A2) <= found.power_A2 * (1 + 1e-9))
    radial = specimen_spectrum(waves).radial()
    # the mean of ψ is exp(-φ²/2) = 0.956 here, and S counts its square
    assert particle_spectrum(waves).power_A2[0, 5:60] == pytest.approx(
        np.exp(-(0.3**2)) * radial.power_A2[6:61], rel=0.02
    )


def test_a_plane_further_down_turns_the_pseudo_power() -> None:
    # a wave that stands at d is brought to zero defocus by C10 = -d: C gains exp(2πi λ d q²)
    phase = random_phase(1, 0.01)
    here, below = particle_spectrum([wave(phase)]), particle_spectrum([wave(phase, offset_A=-50.0)])
    turn = np.angle(below.pseudo_A2[0] / here.pseudo_A2[0])
    expected = np.angle(np.exp(2j * pi * LAMBDA_A * 50 * here.q_per_A**2))
    inside = here.q_per_A < 0.5
    # the frequencies of a ring differ by half a ring: 2π λ d 2q δq = 0.12 rad at 0.5 1/Å
    assert np.angle(np.exp(1j * (turn - expected)))[inside] == pytest.approx(0, abs=0.12)


@pytest.mark.parametrize("defocus_nm", [-10.0, 3.0, 12.0])
def test_the_expected_image_power_is_that_of_an_image(defocus_nm: float) -> None:
    phase = random_phase(2, 0.02)
    imaging = ImagingDistribution(defocus_nm=defocus_nm, Cs_mm=-0.01)
    formed = intensity(wave(phase), mean_condition(imaging)).double()
    of_image = particle_spectrum([ExitWave(torch.complex(formed, 0 * formed)[None], GRID, ENERGY_eV)])
    of_object = particle_spectrum([wave(phase)])
    expected = image_power(of_object, wave_moments(imaging, at_nodes(of_object)))
    # within a ring T and the random S vary together; over eight rings that is a few percent, more where T ~ q² is
    # steep, so the lowest eight are left out
    found, expected = (each[0, 8:40].reshape(4, 8).mean(1) for each in (of_image.power_A2, expected))
    assert found == pytest.approx(expected, rel=0.15)


def test_a_support_is_the_scene_less_its_particles_at_one_plane() -> None:
    particle, support = random_phase(3, 0.01), random_phase(4, 0.02)
    scene = SceneWaves(full=wave(particle + support), particles=wave(particle))
    alone = particle_spectrum([wave(support)])
    _, found = scene_spectra([scene])
    assert found.power_A2 == pytest.approx(alone.power_A2, rel=0.1, abs=0.02 * alone.power_A2.max())


@pytest.mark.parametrize("through", [0.9 * np.exp(0.6j), np.exp(-1j)])
def test_a_support_that_only_turns_and_weakens_the_beam_has_no_spectrum(through: complex) -> None:
    particles = wave(random_phase(3, 0.3))
    scene = SceneWaves(full=replace(particles, field=particles.field * through), particles=particles)
    seen, rest = scene_spectra([scene])
    alone = particle_spectrum([particles])
    assert rest.power_A2.max() < 1e-9 * alone.power_A2.max()
    assert seen.power_A2 == pytest.approx(abs(through) ** 4 * alone.power_A2, rel=1e-5)


def test_spectra_of_a_scene_know_no_phase_of_the_whole_wave() -> None:
    waves = wave(random_phase(3, 0.2) + random_phase(4, 0.3) + 0.5), wave(random_phase(3, 0.2))
    turned = [replace(waves[0], field=waves[0].field * np.exp(1j)), waves[1]]
    for one, other in zip(*(scene_spectra([SceneWaves(*each)]) for each in (waves, turned)), strict=True):
        assert one.power_A2 == pytest.approx(other.power_A2, rel=1e-5)
        assert one.pseudo_A2 == pytest.approx(other.pseudo_A2, rel=1e-5, abs=1e-6 * one.power_A2.max())


def test_the_support_of_a_scene_is_what_its_particles_add_nothing_to_in_images() -> None:
    """A support that turns the beam, too, leaves its own spectrum, and no ghost of the particles."""
    particle, support = random_phase(3, 0.05), 0.5 + random_phase(4, 0.02)
    scene = SceneWaves(full=wave(particle + support), particles=wave(particle))
    _, found = scene_spectra([scene])
    alone = particle_spectrum([wave(support)])
    assert found.power_A2 == pytest.approx(alone.power_A2, rel=0.1, abs=0.02 * alone.power_A2.max())


def test_where_atoms_move_the_spectrum_is_that_of_the_mean_image() -> None:
    configurations = torch.cat([wave(random_phase(seed, 0.02)).field for seed in range(8)])
    found = particle_spectrum([ExitWave(configurations, GRID, ENERGY_eV)])
    mean = sum(random_phase(seed, 0.02) for seed in range(8)) / 8
    assert found.power_A2 == pytest.approx(
        particle_spectrum([wave(mean)]).power_A2, rel=0.05, abs=0.01 * found.power_A2.max()
    )


def test_an_analytic_object_between_two_depths_is_the_mean_over_them() -> None:
    q = np.linspace(0, 1, 50)
    spectrum = RadialSpectrum(q, np.ones(50))
    layers = [weak_phase(spectrum, ENERGY_eV, (d, d)).pseudo_A2 for d in np.linspace(20, 70, 2001)]
    assert weak_phase(spectrum, ENERGY_eV, (20, 70)).pseudo_A2 == pytest.approx(
        np.mean(layers, axis=0), abs=1e-3
    )


def test_a_support_below_is_out_of_sight_at_an_overfocus_of_its_depth() -> None:
    # beam first through the particles, so the support stands downstream and C10 = +d focuses it
    spectrum = weak_phase(RadialSpectrum(np.linspace(0, 1, 50), np.ones(50)), ENERGY_eV, (50, 50))
    grid = at_nodes(spectrum)
    seen = [
        image_power(spectrum, wave_moments(ImagingDistribution(defocus_nm=d), grid)).sum()
        for d in (-5.0, 5.0)
    ]
    assert seen[0] < 1e-9 * seen[1]


def test_no_waves_or_two_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one wave"):
        particle_spectrum([])


def test_a_specimen_is_told_from_waves_and_masks() -> None:
    y, x = np.mgrid[:128, :128] * 0.4
    disc = ((y - 25) ** 2 + (x - 25) ** 2 < 100).astype(float)
    scene = SceneWaves(full=wave(random_phase(5, 0.02)), particles=wave(random_phase(6, 0.01)))
    found = specimen_of_waves([scene, scene], [disc, 0 * disc])
    # a disc of 10 Å radius in a field of 51.2 Å; the empty scene says nothing of particles
    assert len(found.scenes) == 1
    assert found.particle_diameter_A == pytest.approx(20, rel=0.02)
    assert found.scenes[0].covered_fraction == pytest.approx(np.pi * 100 / 51.2**2, rel=0.02)
    with pytest.raises(ValueError, match="covered by particles in part"):
        specimen_of_waves([scene], [0 * disc])


@pytest.mark.parametrize("rolled", [(0, 0), (64, 0), (0, 70), (60, 66)])
def test_particles_across_an_edge_of_the_periodic_field_are_counted_once(rolled: tuple[int, int]) -> None:
    y, x = np.mgrid[:128, :128]
    places = ((64, 64), (20, 90), (100, 24))
    mask = np.max([((y - a) ** 2 + (x - b) ** 2 < 100).astype(float) for a, b in places], axis=0)
    assert particle_count(np.roll(mask, rolled, (0, 1))) == 3
    assert particle_count(0 * mask) == 0


def test_a_spot_is_seen_or_not_by_the_direction_of_the_astigmatism() -> None:
    # a grating along x; C10 + C12 cos 2(φ - φ12) is -50 + 50 = 0 along x for φ12 = 0 and -100 Å for 90°
    x = torch.arange(128, dtype=torch.float64) * 0.4 + torch.zeros(128, 1, dtype=torch.float64)
    spot = particle_spectrum([wave(0.01 * torch.cos(2 * pi * 20 / 51.2 * x))], sectors=8)
    ring = int(spot.power_A2.max(axis=0).argmax())
    assert spot.q_per_A[ring] == pytest.approx(20 / 51.2, rel=0.01)
    assert spot.power_A2[1:, ring].max() < 1e-6 * spot.power_A2[0, ring]
    grid = PolarGrid(np.array([20 / 51.2]), np.ones(1), np.array([0.0]))
    seen = []
    for azimuth_deg in (0.0, 90.0):
        imaging = ImagingDistribution(defocus_nm=5.0, C12_nm=5.0, phi12_deg=azimuth_deg)
        power = ObjectSpectrum(spot.q_per_A, spot.power_A2[:1], spot.pseudo_A2[:1])
        seen.append(float(image_power(power, wave_moments(imaging, grid))[0, 0]))
    assert seen[0] < 1e-3 * seen[1]


def test_sectors_are_taken_in_their_own_direction_and_averaged_for_a_single_azimuth() -> None:
    power = np.array([[1.0, 1.0], [3.0, 3.0]])
    two = ObjectSpectrum(np.array([0.0, 1.0]), power, -power.astype(complex))
    quarter = PolarGrid(np.array([0.5]), np.ones(1), np.array([0.2, pi / 2 + 0.2]))
    assert two.on(quarter)[0][:, 0].tolist() == [1, 3]
    assert two.on(PolarGrid(np.array([0.5]), np.ones(1), np.zeros(1)))[0].tolist() == [[2]]
    # nothing is known beyond the last ring
    assert two.on(PolarGrid(np.array([1.5]), np.ones(1), np.zeros(1)))[0].tolist() == [[0]]
