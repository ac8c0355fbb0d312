"""Layouts of particles: gaps that hold on the torus, no hidden bias, refusals before drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from passband.errors import UserError
from passband.structure.distribution import Facet, LogNormal, ParticleDistribution, SceneDistribution
from passband.structure.placement import (
    check_layouts,
    distances_A,
    draw_diameters_nm,
    draw_layout,
    least_distances_A,
    separated,
)
from passband.structure.shape import sphere


def scenes(field_nm: float = 10.24, **particles: object) -> SceneDistribution:
    return SceneDistribution(field_nm=field_nm, particles=ParticleDistribution.model_validate(particles))


@settings(max_examples=40)
@given(st.integers(1, 6), st.floats(1.0, 2.0), st.floats(0.0, 1.0), st.integers(0, 2**31))
def test_gaps_hold_between_all_periodic_images(
    n: int, diameter_nm: float, separation_nm: float, seed: int
) -> None:
    spread = scenes(
        8.0, count=(1, n), diameter_nm=(diameter_nm, diameter_nm + 0.5), separation_nm=separation_nm
    )
    layout = draw_layout(spread, np.random.default_rng(seed))
    radii_A = np.array([shape.radius_A for shape in layout.shapes])
    for image_A in np.array([[i, j] for i in (-80.0, 0.0, 80.0) for j in (-80.0, 0.0, 80.0)]):
        apart_A = np.linalg.norm(layout.centres_A[:, None] - layout.centres_A - image_A, axis=-1)
        gaps_A = apart_A - radii_A[:, None] - radii_A
        itself = np.eye(len(radii_A), dtype=bool) & (image_A == 0).all()
        assert (gaps_A[~itself] >= 10 * separation_nm - 1e-9).all()
    assert ((layout.centres_A >= 0) & (layout.centres_A < 80.0)).all()


@given(st.integers(0, 2**31))
def test_numbers_and_sizes_stay_in_their_ranges(seed: int) -> None:
    layout = draw_layout(scenes(count=(2, 3), diameter_nm=(2.0, 3.0)), np.random.default_rng(seed))
    assert len(layout.shapes) in (2, 3)
    assert all(20.0 <= 2 * shape.radius_A <= 30.0 for shape in layout.shapes)


def test_where_all_draws_fit_every_number_is_as_frequent_as_any_other() -> None:
    """1-4 particles of 1-2 nm in 10.24 nm: 400 draws, each number within 5 standard deviations of 100."""
    rng = np.random.default_rng(0)
    spread = scenes(count=(1, 4), diameter_nm=(1.0, 2.0), separation_nm=0.5)
    counts = np.bincount([len(draw_layout(spread, rng).shapes) for _ in range(400)], minlength=5)[1:]
    assert np.abs(counts - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


def test_five_published_particles_fit_now_and_then() -> None:
    """The condition that a layout fits makes them rare in 10.24 nm, but never impossible."""
    rng = np.random.default_rng(1)
    counts = np.bincount([len(draw_layout(scenes(), rng).shapes) for _ in range(400)], minlength=6)[1:]
    assert (counts > 0).all()
    assert counts[4] < counts[3] < counts[0]


def test_places_are_spread_as_if_all_overlapping_ones_had_been_thrown_away() -> None:
    """Distances of two particles, drawn here and by plain rejection: one distribution (Kolmogorov-Smirnov)."""
    rng = np.random.default_rng(5)
    spread = scenes(6.0, count=(2, 2), diameter_nm=(2.0, 2.0), separation_nm=0.5)
    layouts = [draw_layout(spread, rng).centres_A for _ in range(400)]
    drawn_A = [float(distances_A(centres_A[0] - centres_A[1], 60.0)) for centres_A in layouts]
    free_A = distances_A(rng.uniform(0, 60.0, (4000, 2)), 60.0)
    assert ks_2samp(drawn_A, free_A[free_A >= 25.0]).pvalue > 0.01


@given(st.floats(-200.0, 200.0), st.floats(-200.0, 200.0))
def test_a_distance_is_the_shortest_of_all_images(x_A: float, y_A: float) -> None:
    images_A = np.array([[x_A + 50.0 * i, y_A + 50.0 * j] for i in range(-6, 7) for j in range(-6, 7)])
    assert distances_A(np.array([x_A, y_A]), 50.0) == pytest.approx(np.linalg.norm(images_A, axis=1).min())


def test_two_discs_that_fill_the_torus_come_free_and_larger_ones_do_not() -> None:
    """The farthest that two points can be apart on a square torus is field / sqrt(2), half its diagonal."""
    starts = np.random.default_rng(0).uniform(0, 100.0, (2, 2))
    for distance_A, fits in ((69.5, True), (71.5, False)):
        least_A = least_distances_A((sphere(distance_A), sphere(distance_A)), 0.0)
        assert (separated(starts, least_A, 100.0) is not None) == fits


@pytest.mark.parametrize(
    ("spread", "sentence"),
    [
        (scenes(4.0), "count 5 with diameter_nm 3 and separation_nm 1 does not fit field_nm 4"),
        (scenes(count=(1, 5), diameter_nm=(5.0, 7.0)), "count 5 with diameter_nm 5 .* does not fit field_nm 10.24"),
        (scenes(count=(1, 1), diameter_nm=(5.0, 9.5)), "count 1 with diameter_nm 9.5 .* does not fit"),
        (scenes(count=(40, 60), diameter_nm=(1.0, 1.0)), "count 60 with diameter_nm 1 .* does not fit"),
        (scenes(count=(4, 4), diameter_nm=(4.0, 5.0)), "count 4 with diameter_nm 5 .* does not fit"),
        (scenes(count=(4, 4), diameter_nm=(4.4, 4.4)), "count 4 with diameter_nm 4.4 .* does not fit"),
        (
            scenes(
                5.5, count=(2, 2), diameter_nm=(2.4, 2.5), shape="wulff",
                facets=(Facet(hkl=(1, 0, 0), energy_J_per_m2=1.0), Facet(hkl=(0, 0, 1), energy_J_per_m2=3.0),
                        Facet(hkl=(0, 0, -1), energy_J_per_m2=3.0)),
            ),
            "count 2 with diameter_nm 2.5 .* does not fit",
        ),
    ],
)  # fmt: skip
def test_values_that_could_never_occur_are_refused_before_drawing(
    spread: SceneDistribution, sentence: str
) -> None:
    with pytest.raises(UserError, match=f"^particles: {sentence}.*; lower count, .* or raise field_nm"):
        check_layouts(spread)


def test_ranges_that_fit_too_rarely_are_refused_before_drawing() -> None:
    """Seven particles of 2.5-4 nm: the smallest fit, and one of 4 nm with six of the smallest, but few draws do."""
    with pytest.raises(UserError, match=r"fewer than 3 of 300 draws .* fit field_nm 10\.24; lower count"):
        check_layouts(scenes(count=(7, 7), diameter_nm=(2.5, 4.0)))


@pytest.mark.parametrize(
    "spread",
    [
        scenes(),
        scenes(12.8),
        scenes(count=(1, 2), diameter_nm=(5.0, 7.0)),
        scenes(count=(3, 4)),
        scenes(count=(1, 5), diameter_nm=(2.0, 4.0)),
    ],
)
def test_the_published_ranges_are_accepted(spread: SceneDistribution) -> None:
    check_layouts(spread)


LAW = LogNormal(geometric_mean_nm=4.0, geometric_std=1.2)


def test_log_normal_diameters_have_the_stated_mean_and_spread() -> None:
    """Cut so far out (6 standard deviations) that the moments of ln d are those of the law, within 4 standard errors
    of 20,000 draws: ln 1.2 = 0.182, 0.182 / 141 = 0.0013 and 0.0013 / sqrt 2."""
    particles = ParticleDistribution(diameter_nm=(1.2, 13.0), log_normal=LAW)
    logs = np.log(draw_diameters_nm(particles, 20_000, np.random.default_rng(0)))
    assert logs.mean() == pytest.approx(np.log(4.0), abs=4 * 0.0013)
    assert logs.std() == pytest.approx(np.log(1.2), abs=4 * 0.0013 / np.sqrt(2))


def test_a_cut_law_is_the_law_without_what_lies_outside() -> None:
    """Against plain rejection (Kolmogorov-Smirnov), with a cut at one half standard deviation below and one above."""
    cut_nm = (4.0 / 1.2**0.5, 4.0 * 1.2)
    rng = np.random.default_rng(3)
    drawn_nm = draw_diameters_nm(ParticleDistribution(diameter_nm=cut_nm, log_normal=LAW), 4000, rng)
    free_nm = 4.0 * 1.2 ** rng.standard_normal(20_000)
    kept_nm = free_nm[(free_nm >= cut_nm[0]) & (free_nm <= cut_nm[1])]
    assert ks_2samp(drawn_nm, kept_nm).pvalue > 0.01
    assert (drawn_nm.min(), drawn_nm.max()) == pytest.approx(cut_nm, rel=0.01)


def test_scenes_take_their_diameters_from_the_law() -> None:
    """One particle a field, 200 of them: the median of ln d within 4 standard errors, 1.25 ln 1.2 / sqrt 200."""
    spread = scenes(12.8, count=(1, 1), diameter_nm=(2.0, 8.0), log_normal=LAW)
    rng = np.random.default_rng(0)
    diameters_nm = [draw_layout(spread, rng).shapes[0].radius_A / 5 for _ in range(200)]
    assert np.median(np.log(diameters_nm)) == pytest.approx(np.log(4.0), abs=4 * 0.016)
