"""Textures on rings, how new a background is, and images of another magnification."""

from dataclasses import replace

import numpy as np
import pytest
from domain_samples import ENERGY_eV, Q, domain, imaging, ring, specimen

from passband.information import novelty
from passband.information.band import Band
from passband.information.expected import imaged_domain
from passband.information.object_spectrum import weak_phase
from passband.information.rings import RINGS, rings
from passband.information.spectra import RadialSpectrum
from passband.information.wave_moments import shared_grid


def test_a_white_texture_has_one_level_and_varies_as_its_patch_allows() -> None:
    # in a ring of a white spectrum p, q and -q are one wave: relative variance 2 / (A ∫d²q) for a ring with hard
    # edges; a hat between two knots has ∫w²/(∫w)² of 4/3 its width instead (thin ring)
    own = domain(imaging(-8))
    found = rings(np.full((2, *own.grid.shape), 0.25), own.plane, own.grid.q_per_A, 15.0)
    assert found.power == pytest.approx(0.25)
    assert found.level == pytest.approx(np.log(0.25))
    step = (1.25 - 1 / 15) / (RINGS + 1)
    middle = 1 / 15 + step * 4
    plane = 2 * np.pi * middle * step  # ∫w d²q of the fourth hat; ∫w² is two thirds of it
    expected = 2 * (2 / 3 * plane) / plane**2 / (np.pi / 4 * 15**2)
    assert found.variation[:, 3] == pytest.approx(expected, rel=0.01)


def test_the_background_of_training_is_one_deviation_from_itself() -> None:
    own = domain(imaging(-8))
    assert novelty.background_novelty(own, own) == pytest.approx(1)
    assert novelty.distinctness(own) == pytest.approx(novelty.particle_novelty(own, own))
    assert novelty.relative_novelty(own, own) == pytest.approx(1 / novelty.distinctness(own))
    assert novelty.distinctness(own) > 1


def test_a_background_is_newer_the_farther_the_focus_moved() -> None:
    home, near, far = (domain(imaging(defocus_nm)) for defocus_nm in (-8, -10, 25))
    assert 1 < novelty.background_novelty(home, near) < novelty.background_novelty(home, far)
    assert 0 < novelty.outside_distance(home, near) < novelty.outside_distance(home, far)
    assert novelty.contrast_alignment(home, far) < novelty.contrast_alignment(home, near) <= 1


def test_a_broad_training_domain_knows_more_backgrounds() -> None:
    test = domain(imaging(8))
    narrow, broad = domain(imaging(-8, 0.5), modes=16), domain(imaging(0, 8.0), modes=16)
    assert novelty.background_novelty(broad, test) < novelty.background_novelty(narrow, test)


def test_shifts_turn_with_the_pair_and_a_ring_of_the_crystal_is_seen_inside_alone() -> None:
    home = domain(imaging(-8))
    other = domain(imaging(-8), specimen(shift_per_A=0.1))
    assert novelty.inside_shift(home, other) == pytest.approx(-novelty.inside_shift(other, home))
    # both fields have variance 1, so a weaker crystal lifts the support a little, on all rings alike
    outside = novelty.outside_shift(home, other)
    assert np.ptp(outside) < 0.02 < np.ptp(novelty.inside_shift(home, other))


def test_networks_see_pixels_so_a_magnified_specimen_is_another_one() -> None:
    # pixels of 0.8 Å, seen as if they had 0.4 Å: a ring at 0.3 1/Å is seen at 0.6
    power = ring(0.3, 0.02) + ring(0, 0.05, 0.1)
    scene = replace(specimen().scenes[0], particle=weak_phase(RadialSpectrum(Q, power), ENERGY_eV))
    own = replace(specimen(), scenes=(scene,))
    grid = shared_grid([imaging(-8)], Band())
    true = imaged_domain(own, imaging(-8), grid, 0.8)
    seen = imaged_domain(own, imaging(-8), grid, 0.8, seen_A=0.4)
    texture = grid.q_per_A > 0.2
    assert grid.q_per_A[texture][np.argmax(true.particle[0, 0][texture])] == pytest.approx(0.3, abs=0.02)
    assert grid.q_per_A[texture][np.argmax(seen.particle[0, 0][texture])] == pytest.approx(0.6, abs=0.03)
    assert seen.specimen.particle_diameter_A == pytest.approx(own.particle_diameter_A / 2)
    beyond = seen.noise_beyond / seen.variance.mean()
    assert (seen.standard_field * seen.plane).sum() + beyond == pytest.approx(1)
    assert seen.noise_beyond == pytest.approx(0.0025 / 0.64 - (seen.noise * seen.plane).sum())
    # a pixel of four times the area holds four times the electrons: noise per area as seen is a quarter
    assert seen.noise == pytest.approx(imaged_domain(own, imaging(-8), grid, 0.4).noise / 4)
