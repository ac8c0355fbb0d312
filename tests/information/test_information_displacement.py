"""Where detail lands, one domain against another."""

import numpy as np
import pytest
from domain_samples import domain, imaging

from passband.electron import wavelength_A
from passband.imaging.distribution import ImagingDistribution, uniform
from passband.information import displacement


def at(defocus_nm: float) -> ImagingDistribution:
    return ImagingDistribution(defocus_nm=defocus_nm, dose_e_per_A2=400.0)


def test_without_spherical_aberration_the_mismatch_is_the_change_of_magnitude() -> None:
    # δ = λ q |Δf|: from 5 to 20 nm it grows by λ q 150 Å at every q; the mean q lies within the band of the particles
    near, far = domain(at(5.0)), domain(at(20.0))
    per_q = displacement.mismatch_A(near, far) / (wavelength_A(300e3) * 150)
    assert 0.02 < per_q < 0.5
    assert displacement.growth_A(near, far) == pytest.approx(displacement.mismatch_A(near, far))


def test_only_the_length_counts() -> None:
    assert displacement.mismatch_A(domain(at(-8.0)), domain(at(8.0))) == pytest.approx(0, abs=1e-9)


def test_a_broad_domain_covers_a_narrow_one_and_not_the_reverse() -> None:
    broad = domain(ImagingDistribution(defocus_nm=uniform(2, 20), dose_e_per_A2=400.0))
    narrow = domain(at(10.0))
    assert displacement.uncovered_A(broad, narrow) == 0
    assert displacement.uncovered_A(narrow, broad) > 0.1
    assert displacement.mismatch_A(broad, narrow) == pytest.approx(displacement.mismatch_A(narrow, broad))


def test_overlap_of_a_displaced_disc() -> None:
    assert displacement.disc_overlap(0, 40) == 1
    assert displacement.disc_overlap(40, 40) == displacement.disc_overlap(100, 40) == 0
    # half the diameter: (2/π)(π/3 - √3/4) = 0.3910
    assert displacement.disc_overlap(20, 40) == pytest.approx(0.3910, abs=1e-4)
    # small s: 1 - (4/π) s/d
    assert displacement.disc_overlap(0.4, 40) == pytest.approx(1 - 4 / np.pi * 0.01, abs=1e-5)


def test_equal_domains_lose_nothing_to_displacement() -> None:
    own = domain(imaging(12))
    assert displacement.mismatch_A(own, own) == 0
    assert displacement.displaced_dice(own, own) == 1
