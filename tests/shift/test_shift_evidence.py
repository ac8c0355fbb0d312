"""Plain baselines: clouds of features, paired images, confidences, parameters; a classifier of band amplitudes."""

import numpy as np
import pytest

from passband.imaging.distribution import ImagingDistribution, normal, uniform
from passband.shift.band_energy import (
    BANDS,
    BandClassifier,
    band_amplitudes,
    band_classifier_finds,
    fit_band_classifier,
)
from passband.shift.confidence import (
    difference_of_confidences,
    label_agreement,
    labelled_fraction_gained,
    mean_confidence,
    soft_dice_confidence,
)
from passband.shift.evidence import BASELINES, Evidence, baseline_table
from passband.shift.features import (
    frechet_distance,
    kernel_alignment,
    maximum_mean_discrepancy,
    sliced_wasserstein,
    subspace_distance,
)
from passband.shift.parameters import pair_parameters, parameter_table, standardised
from passband.shift.pictures import mean_ring_correlation, ring_correlation

STREAM = np.random.default_rng(0)
CLOUD = STREAM.normal(size=(400, 3))


@pytest.mark.parametrize("distance", [frechet_distance, maximum_mean_discrepancy, sliced_wasserstein])
def test_distances_of_clouds_are_zero_for_equal_ones_symmetric_and_grow(distance) -> None:  # type: ignore[no-untyped-def]
    near, far = CLOUD + np.array([0.3, 0, 0]), CLOUD * 2 + np.array([3, 0, 0])
    assert distance(CLOUD, CLOUD) == pytest.approx(0, abs=1e-6)
    assert distance(CLOUD, far) == pytest.approx(distance(far, CLOUD))
    assert distance(CLOUD, far) > distance(CLOUD, near) > 0
    with pytest.raises(ValueError, match="two images each"):
        distance(CLOUD, CLOUD[:, :2])


def test_a_shifted_cloud_is_as_far_as_it_was_shifted() -> None:
    shift = np.array([1.0, 2.0, 2.0])
    assert frechet_distance(CLOUD, CLOUD + shift) == pytest.approx(9)
    # the mean over directions of (shift · axis)² is |shift|²/3; 128 directions leave some 10 %
    assert sliced_wasserstein(CLOUD, CLOUD + shift) == pytest.approx(np.sqrt(3), rel=0.15)


def test_alignment_is_one_for_the_same_images_however_they_are_shown_and_zero_for_others() -> None:
    turn = np.linalg.qr(STREAM.normal(size=(3, 3)))[0]
    few = CLOUD[:12]
    assert kernel_alignment(few, few) == pytest.approx(1)
    assert kernel_alignment(few, -2 * few @ turn + 5) == pytest.approx(1)
    other = STREAM.normal(size=(12, 3))
    assert kernel_alignment(few, other) == pytest.approx(kernel_alignment(other, few))
    # unbiased: the mean over clouds of many features that have nothing in common is 0, where the plain one is near 1
    strangers = [kernel_alignment(*STREAM.normal(size=(2, 12, 200))) for _ in range(200)]
    assert np.mean(strangers) == pytest.approx(0, abs=4 * np.std(strangers) / np.sqrt(200))
    half = [kernel_alignment(CLOUD, CLOUD + STREAM.normal(size=CLOUD.shape)) for _ in range(5)]
    assert 0.2 < np.mean(half) < 0.8
    assert np.isnan(kernel_alignment(few, np.ones((12, 3))))
    with pytest.raises(ValueError, match="four at least"):
        kernel_alignment(few, CLOUD[:11])


def test_subspaces_are_as_far_apart_as_their_angles() -> None:
    wide = STREAM.normal(size=(300, 6)) * np.array([9, 8, 7, 0.1, 0.1, 0.1])
    assert subspace_distance(wide, wide * 3 + 1) == pytest.approx(0, abs=1e-6)
    assert subspace_distance(wide, wide[:, ::-1]) == pytest.approx(1, abs=0.01)
    # two of three axes in common, the third one at a right angle
    assert subspace_distance(wide, wide[:, [3, 1, 2, 0, 4, 5]]) == pytest.approx(np.sqrt(1 / 3), abs=0.01)
    turned = wide @ np.linalg.qr(STREAM.normal(size=(6, 6)))[0]
    assert 0 < subspace_distance(wide, turned) < 1
    assert subspace_distance(wide, turned) == pytest.approx(subspace_distance(turned, wide))


@pytest.mark.parametrize("shape", [(32, 32), (31, 33), (32, 48)])
def test_ring_correlation_counts_every_wave_of_the_plane(shape: tuple[int, int]) -> None:
    stream = np.random.default_rng(2)
    a = stream.normal(size=(3, *shape))
    b = a + stream.normal(size=(3, *shape))
    found = ring_correlation(a, b, 0.4, 1.0)
    q = np.hypot(np.fft.fftfreq(shape[0], 0.4)[:, None], np.fft.fftfreq(shape[1], 0.4))
    ring = np.rint(q * 0.4 * min(shape)).astype(int)
    first, second = np.fft.fft2(a), np.fft.fft2(b)
    for k, (mean_q, value) in enumerate(zip(found.q_per_A, found.correlation, strict=True), start=1):
        inside = (ring == k) & (q < 1.0)
        x, y = first[:, inside], second[:, inside]
        scale = np.sqrt((np.abs(x) ** 2).sum() * (np.abs(y) ** 2).sum())
        assert value == pytest.approx((x * y.conj()).real.sum() / scale, abs=1e-6)
        assert mean_q == pytest.approx(q[inside].mean())


def test_paired_ring_correlation_sees_sign_and_noise() -> None:
    images = STREAM.normal(size=(4, 32, 32))
    other = STREAM.normal(size=(4, 32, 32))
    assert mean_ring_correlation(ring_correlation(images, images, 0.4, 1.0)) == pytest.approx(1)
    assert mean_ring_correlation(ring_correlation(images, -images, 0.4, 1.0)) == pytest.approx(-1)
    # equal parts of both: 1/√2; different ones: 0; some 1,600 pairs of waves leave 0.025
    half = mean_ring_correlation(ring_correlation(images, images + other, 0.4, 1.0))
    assert half == pytest.approx(np.sqrt(0.5), abs=0.06)
    assert mean_ring_correlation(ring_correlation(images, other, 0.4, 1.0)) == pytest.approx(0, abs=0.08)
    with pytest.raises(ValueError, match="equal shapes"):
        ring_correlation(images, other[:2], 0.4, 1.0)


def test_confidences_by_hand() -> None:
    # labels 1 1 0 0: Σ p l = 1.5, Σ p = 1.8, Σ l = 2
    p = np.array([[[0.9, 0.6], [0.3, 0.0]]])
    assert soft_dice_confidence(p) == pytest.approx(2 * 1.5 / 3.8)
    assert soft_dice_confidence(np.zeros((1, 2, 2))) == 1
    assert mean_confidence(p) == pytest.approx((0.9 + 0.6 + 0.7 + 1.0) / 4)
    assert difference_of_confidences(p, np.full((1, 2, 2), 0.5)) == pytest.approx(0.3)
    # labels 1 1 0 0 and 1 0 1 0 share one of two and two
    assert label_agreement(p, np.array([[[0.9, 0.1], [0.8, 0.2]]])) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="same images"):
        label_agreement(p, p[0])
    # three of four pixels instead of two
    more = np.array([[[0.9, 0.6], [0.8, 0.0]]])
    assert labelled_fraction_gained(p, more) == pytest.approx(np.log(1.5), abs=1e-5)
    assert labelled_fraction_gained(more, p) == pytest.approx(-labelled_fraction_gained(p, more))
    assert np.isfinite(labelled_fraction_gained(p, np.zeros((1, 2, 2))))


DISTRIBUTIONS = {
    "a": ImagingDistribution(defocus_nm=normal(-10, 1.5), dose_e_per_A2=100.0),
    "b": ImagingDistribution(defocus_nm=normal(10, 1.5), dose_e_per_A2=uniform(900, 1100), Cs_mm=0.01),
    "c": ImagingDistribution(defocus_nm=normal(0, 1.5)),
}


def test_parameters_that_differ_are_kept_with_the_dose_by_its_logarithm() -> None:
    table = parameter_table(DISTRIBUTIONS)
    # the spread of the dose is not a column: its logarithm of the mean is
    assert list(table.columns) == ["defocus_nm", "Cs_mm", "log10_dose"]
    assert table.loc["a", "log10_dose"] == 2
    # no shot noise is the same in every study, or models of one would take it for a low dose in another
    assert table["log10_dose"].to_list() == pytest.approx([2, 3, 5])
    alone = parameter_table({"c": DISTRIBUTIONS["c"]}, constant=True)
    assert alone["log10_dose"].to_list() == [5]
    assert standardised(table).std(ddof=0).to_numpy() == pytest.approx(1)
    both = pair_parameters(table, [("a", "b"), ("c", "a")])
    assert both.loc[1, ["train_defocus_nm", "test_defocus_nm"]].tolist() == [0, -10]


def evidence(name: str) -> Evidence:
    row = list(DISTRIBUTIONS).index(name)
    stream = np.random.default_rng(row)
    return Evidence(
        DISTRIBUTIONS[name],
        parameters=standardised(parameter_table(DISTRIBUTIONS)).loc[name].to_numpy(float),
        images=stream.normal(size=(3, 32, 32)),
        features=stream.normal(size=(40, 2)) + row,
        paired_features=stream.normal(size=(40, 2)),
        probabilities=stream.uniform(size=(3, 32, 32)),
        other_probabilities=stream.uniform(size=(3, 32, 32)),
    )


def test_every_baseline_stands_in_one_table() -> None:
    pairs = [("a", "b"), ("a", "a")]
    table = baseline_table(lambda train, test: (evidence(train), evidence(test)), pairs, list(BASELINES))
    assert np.isfinite(table[list(BASELINES)].to_numpy(float)).all()
    assert table.loc[0, "abs_delta_defocus_nm"] == 20
    assert table.loc[0, "abs_delta_abs_defocus_nm"] == 0
    distances = [name for name, each in BASELINES.items() if each.larger < 0]
    assert table.loc[1, distances].to_numpy(float) == pytest.approx(0, abs=1e-6)
    assert table.loc[1, ["ring_correlation", "kernel_alignment"]].to_numpy(float) == pytest.approx(1)


def test_evidence_that_is_not_there_is_missed() -> None:
    bare = Evidence(DISTRIBUTIONS["a"])
    assert BASELINES["abs_delta_defocus_nm"].value(bare, bare) == 0
    with pytest.raises(ValueError, match="evidence that is not there"):
        BASELINES["frechet_distance"].value(bare, bare)


def textured(cycles_per_px: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a grating inside a disc: amplitudes and masks of images (4, 96, 96)."""
    stream = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    masks = np.stack([(y - a) ** 2 + (x - b) ** 2 < 24**2 for a, b in stream.uniform(30, 66, size=(4, 2))])
    waves = np.stack([np.cos(2 * np.pi * cycles_per_px * x + phase) for phase in stream.uniform(0, 6, 4)])
    images = 0.5 * stream.normal(size=(4, 96, 96)) + masks * waves
    images = (images - images.mean((1, 2), keepdims=True)) / images.std((1, 2), keepdims=True)
    return band_amplitudes(images), masks


def test_a_band_classifier_finds_the_texture_that_it_learned_and_no_other() -> None:
    classifier = fit_band_classifier(*textured(0.14, 0))
    assert band_classifier_finds(classifier, *textured(0.14, 1)).dice > 0.8
    other = band_classifier_finds(classifier, *textured(0.36, 2))
    assert other.dice < 0.5
    assert other.recall < 0.5  # what it misses, it does not see


def test_what_a_classifier_finds_is_counted_by_hand() -> None:
    class Fixed(BandClassifier):
        def labels(self, amplitudes: np.ndarray) -> np.ndarray:
            return np.asarray(amplitudes[..., 0] > 0)

    amplitudes = np.zeros((2, 2, 2, 1), dtype=np.float32)
    amplitudes[0, 0] = 1  # two labelled pixels in the first image, none in the second
    masks = np.zeros((2, 2, 2), dtype=bool)
    masks[0, :, 0] = True  # one of them right, one particle pixel missed; nothing in the second: Dice 1 there
    found = band_classifier_finds(Fixed(np.ones(1), 0.0), amplitudes, masks)
    assert (found.recall, found.false_alarms) == (0.5, pytest.approx(1 / 6))
    assert found.dice == pytest.approx((0.5 + 1) / 2)


def test_band_amplitudes_are_those_of_their_ring() -> None:
    # a grating of variance ½ at 9/64 of the sampling, 0.281 of Nyquist, lies in the fourth of twelve rings only
    x = np.arange(64) + np.zeros((64, 1))
    grating = np.cos(2 * np.pi * (9 / 64) * x)[None]
    amplitudes = band_amplitudes(grating, step_px=4)
    assert amplitudes.shape == (1, 16, 16, BANDS)
    assert amplitudes[0, 8, 8, 3] == pytest.approx(0.5**0.5, rel=0.02)
    assert np.delete(amplitudes[0, 8, 8], 3).max() < 1e-3


def test_masks_of_one_class_cannot_be_learned() -> None:
    amplitudes, masks = textured(0.14, 0)
    with pytest.raises(ValueError, match="pixels of particles and pixels beside them, two of each"):
        fit_band_classifier(amplitudes, np.ones_like(masks))
