"""What a texture segmenter can know: against random fields, and against what has to hold."""

from dataclasses import replace

import numpy as np
import pytest
from domain_samples import domain, imaging, specimen

from passband.imaging.distribution import ImagingDistribution, uniform
from passband.information import detection
from passband.information.expected import DomainSpectra
from passband.information.specimen import mean_specimen

HERE, FAR = domain(imaging(-8)), domain(imaging(20))


def without_particles() -> DomainSpectra:
    scene = specimen().scenes[0]
    empty = replace(scene, particle=replace(scene.particle, power_A2=0 * scene.particle.power_A2))
    empty = replace(empty, particle=replace(empty.particle, pseudo_A2=0 * scene.particle.pseudo_A2))
    return domain(imaging(-8), replace(specimen(), scenes=(empty,)))


def test_means_and_variances_are_those_of_random_fields() -> None:
    # periodic fields with the spectra of the far domain, judged by the filter of the near one; the variance of a
    # mean over an area goes as 1/area, so that of the patch is brought to that of the field
    learned = detection.learned_filter(HERE)
    expected = detection.response(learned, FAR)
    n, sampling_A = 64, 0.4
    area_A2 = (n * sampling_A) ** 2
    q = np.hypot(np.fft.fftfreq(n, sampling_A)[:, None], np.fft.fftfreq(n, sampling_A)[None, :])
    texture = (q > 1 / 15) & (q <= 1.25)
    stream = np.random.default_rng(0)
    for power, mean, deviation in (
        (FAR.standard_outside, expected.mean_outside, expected.deviation_outside),
        (FAR.standard_inside, expected.mean_inside, expected.deviation_inside),
    ):
        weighted = np.where(texture, np.interp(q, FAR.grid.q_per_A, (power[0] * learned.weight)[0]), 0)
        white = np.abs(np.fft.fft2(stream.normal(size=(400, n, n))) / n) ** 2
        found = 0.5 * (white * weighted).sum((1, 2)) / area_A2 - learned.offset
        # the sum over a grid of 0.039 1/Å stands for the integral: 5 %; 400 fields: 3.5 % of a standard deviation
        scale = abs(float(mean[0])) + learned.offset
        assert found.mean() == pytest.approx(mean[0], abs=0.05 * scale)
        patch = detection.patch_area_A2(FAR)
        assert found.std() == pytest.approx(deviation[0] * np.sqrt(patch / area_A2), rel=0.15)


def test_nothing_can_be_told_where_there_is_no_particle() -> None:
    empty = without_particles()
    assert detection.separability_nats_per_A2(empty) == pytest.approx(0, abs=1e-12)
    assert detection.detectability(empty, empty) == 0
    assert detection.area_under_roc(empty, empty) == 0.5


def test_the_filter_of_a_domain_serves_it_best() -> None:
    # Neyman and Pearson: no other filter of the same kind detects better, here by the deflection of both classes
    domains = [domain(imaging(d, dose=100)) for d in (-20, -8, 3, 12, 25)]
    for test in domains:
        own = detection.area_under_roc(test, test)
        assert own >= max(detection.area_under_roc(train, test) for train in domains) - 1e-3


def test_more_electrons_tell_more() -> None:
    doses = [domain(imaging(-8, dose=dose)) for dose in (10.0, 50.0, 400.0)]
    told = [detection.separability_nats_per_A2(each) for each in doses]
    seen = [detection.detectability(each, each) for each in doses]
    assert told == sorted(told)
    assert seen == sorted(seen)


def test_expected_dice_is_one_where_textures_are_far_apart_and_low_where_they_are_alike() -> None:
    assert detection.expected_dice(HERE, HERE) > 0.95
    # without evidence the threshold ln[(1-f)/f] calls nothing particle
    assert detection.expected_dice(without_particles(), HERE) == pytest.approx(0, abs=1e-6)


def test_the_mismatch_is_zero_for_equal_textures_only_and_has_a_direction() -> None:
    assert detection.texture_mismatch(HERE, HERE) == 0
    there, back = detection.texture_mismatch(HERE, FAR), detection.texture_mismatch(FAR, HERE)
    assert min(there, back) > 0
    assert there != pytest.approx(back, rel=0.05)


def test_modes_that_were_seen_do_not_surprise() -> None:
    broad = ImagingDistribution(defocus_nm=uniform(-20, 20), dose_e_per_A2=400.0)
    as_one, in_modes = domain(broad), domain(broad, modes=16)
    assert len(in_modes.modes) == 16
    assert detection.texture_mismatch(in_modes, HERE) < 0.5 * detection.texture_mismatch(as_one, HERE)
    # a narrow domain, asked about the broad one, stays as surprised by its far modes
    assert detection.texture_mismatch(HERE, in_modes) > detection.texture_mismatch(in_modes, HERE)


def test_polarity_turns_with_the_sign_of_the_defocus() -> None:
    over, under = domain(imaging(-8)), domain(imaging(8))
    assert detection.polarity(over, over) == pytest.approx(1)
    assert detection.polarity(over, under) == pytest.approx(-1)


def test_the_support_makes_the_sign_of_the_defocus_matter() -> None:
    # T has the same size at ±8 nm, but the support stands 2-7 nm below and is nearly in focus at -5 nm
    told = [detection.separability_nats_per_A2(domain(imaging(d))) for d in (-5, 5)]
    assert told[0] > 1.5 * told[1]
    level = [
        detection.separability_nats_per_A2(domain(imaging(d), specimen(depth_A=(0.0, 0.0)))) for d in (-5, 5)
    ]
    assert level[0] == pytest.approx(level[1])


def test_unlike_scenes_are_harder_than_their_mean() -> None:
    kinds = (specimen(), specimen(shift_per_A=0.12))
    both = replace(kinds[0], scenes=(*kinds[0].scenes, *kinds[1].scenes))
    told = domain(imaging(-8), both), domain(imaging(-8), mean_specimen(both))
    own = detection.learned_filter(told[0])
    # one filter for both kinds: the mean over scenes of a saturating rate is at most that of the mean scene
    assert own.weight == pytest.approx(detection.learned_filter(told[1]).weight, rel=0.2)
    assert detection.area_under_roc(told[0], told[0]) <= detection.area_under_roc(told[1], told[1]) + 1e-6
