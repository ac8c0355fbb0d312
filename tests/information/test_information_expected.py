"""Expected spectra of images, with the detector and per scene."""

from dataclasses import replace

import numpy as np
import pytest
from domain_samples import domain, imaging, specimen

from passband.imaging.detector import Detector, Falloff
from passband.imaging.distribution import ImagingDistribution
from passband.information.band import PolarGrid
from passband.information.discriminant import discriminant_dice
from passband.information.expected import detector_curves, domain_spectra, imaged_domain
from passband.information.specimen import mean_specimen


def test_standardised_images_have_variance_one() -> None:
    own = domain(imaging(-8))
    beyond = own.noise_beyond / own.variance.mean()
    assert (own.standard_field * own.plane).sum() + beyond == pytest.approx(1)


def test_noise_fills_the_square_of_the_pixels_whatever_the_band() -> None:
    # white noise of one electron in 100 per Å², in pixels of 0.4 Å: 1 / (100 · 0.16)
    own = domain(imaging(-8, dose=100))
    assert (own.noise * own.plane).sum() + own.noise_beyond == pytest.approx(0.0625, rel=1e-6)
    grid = own.grid
    few = PolarGrid(grid.q_per_A / 2, grid.dq_per_A / 2, grid.phi_rad)
    part = imaged_domain(specimen(), imaging(-8, dose=100), few)
    assert (part.noise * part.plane).sum() + part.noise_beyond == pytest.approx(0.0625, rel=1e-6)


def test_noise_of_a_falling_ntf_is_its_mean_over_the_square() -> None:
    detector = Detector(ntf=Falloff(form="gaussian", half_at=0.7), mtf=Falloff(form="gaussian", half_at=0.4))
    own = domain(imaging(-8, dose=100).model_copy(update={"detector": detector}))
    side = (np.arange(512) + 0.5) / 512
    square = (0.25 ** ((side[:, None] ** 2 + side**2) / 0.7**2)).mean()
    assert (own.noise * own.plane).sum() + own.noise_beyond == pytest.approx(0.0625 * square, rel=1e-3)


def test_where_the_mtf_vanishes_the_noise_stays() -> None:
    detector = Detector(mtf=Falloff(form="gaussian", half_at=0.2))
    own = domain(imaging(-8, dose=100).model_copy(update={"detector": detector}))
    assert own.noise == pytest.approx(0.01)


def test_shot_noise_is_white_and_goes_as_one_over_the_dose() -> None:
    own = domain(imaging(-8, dose=100))
    assert own.noise == pytest.approx(0.01)


def test_a_domain_without_shot_noise_has_a_floor() -> None:
    silent = domain(imaging(-8).model_copy(update={"dose_e_per_A2": None}))
    assert 0 < silent.noise.max() < 1e-2 * silent.outside.max()


def test_a_detector_damps_signal_and_noise_alike_and_loses_electrons() -> None:
    # a Lorentzian at half Nyquist: MTF(u = ½) = ½. NTF = 1: noise 1/(dose DQE0) at all frequencies; signal MTF²
    detector = Detector(mtf=Falloff(form="lorentzian", half_at=0.5), DQE0=0.5)
    ideal, real = domain(imaging(-8)), domain(imaging(-8).model_copy(update={"detector": detector}))
    at = int(np.argmin(np.abs(ideal.grid.q_per_A - 0.625)))
    u = ideal.grid.q_per_A[at] / 1.25
    mtf = 1 / (1 + (u / 0.5) ** 2)
    assert real.support[0, 0, at] == pytest.approx(ideal.support[0, 0, at] * mtf**2)
    assert real.particle[0, 0, at] == pytest.approx(ideal.particle[0, 0, at] * mtf**2)
    assert real.noise[0, at] == pytest.approx(2 / 400)


def test_the_mean_of_scenes_is_one_scene() -> None:
    kinds = specimen(), specimen(shift_per_A=0.1)
    both = replace(kinds[0], scenes=(*kinds[0].scenes, *kinds[1].scenes))
    mean = domain(imaging(-8), mean_specimen(both))
    assert mean.particle.shape[0] == 1
    assert mean.particle[0] == pytest.approx(domain(imaging(-8), both).particle.mean(0))


def test_a_specimen_without_scenes_or_without_support_between_particles_is_refused() -> None:
    transfer = domain(imaging(-8)).transfer
    curves = detector_curves(imaging(-8), transfer.grid, 0.4)
    with pytest.raises(ValueError, match="at least one scene"):
        domain_spectra(replace(specimen(), scenes=()), transfer, curves)
    full = replace(specimen().scenes[0], covered_fraction=1.0)
    with pytest.raises(ValueError, match="cover a part"):
        domain_spectra(replace(specimen(), scenes=(full,)), transfer, curves)


def test_an_image_that_shows_nothing_foretells_nothing() -> None:
    # a weak phase object exactly in focus, without shot noise: what is passed is rounding
    nothing = domain(ImagingDistribution(defocus_nm=0), specimen(depth_A=(0.0, 0.0)))
    assert nothing.particle.max() == nothing.support.max() == 0
    assert discriminant_dice(nothing, nothing) < 0.5
