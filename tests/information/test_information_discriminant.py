"""The discriminant of ring amplitudes: its direction, its two ways of failing, and its agreement with drawn patches."""

import numpy as np
import pytest
from domain_samples import domain, imaging

from passband.information.discriminant import (
    dice_of,
    discriminant_finds,
    discriminant_loss,
    shrunk_discriminant,
)


def test_on_round_covariances_the_discriminant_points_from_one_mean_to_the_other() -> None:
    means = (np.zeros(3), np.array([1.0, 2.0, -1.0]))
    weights = shrunk_discriminant(means, (4 * np.eye(3), 2 * np.eye(3)))
    assert weights == pytest.approx(means[1] / 6)  # shared 3, sphere 3


def test_a_noisy_feature_counts_less_but_never_nothing() -> None:
    # variances 1 and 9: shrunk to 1 + 5 and 9 + 5
    weights = shrunk_discriminant((np.zeros(2), np.ones(2)), (np.diag([1.0, 9.0]),) * 2)
    assert weights == pytest.approx([1 / 6, 1 / 14])


def test_dice_of_what_is_found() -> None:
    # half of the particles (a fifth of the field), and a tenth of the rest: 2 * .1 / (.2 + .1 + .08)
    assert dice_of(0.5, 0.1, 0.2) == pytest.approx(0.2 / 0.38)
    assert dice_of(1.0, 0.0, 0.2) == 1
    assert dice_of(0.0, 0.3, 0.2) == 0


def test_what_is_found_is_what_drawn_amplitudes_say() -> None:
    home, away = domain(imaging(-8)), domain(imaging(0))
    found = discriminant_finds(home, away)
    stream = np.random.default_rng(0)
    drawn = [
        stream.multivariate_normal(each.amplitude, each.covariance, 200_000)
        for each in (away.inside_rings, away.outside_rings)
    ]
    rings = home.outside_rings, home.inside_rings
    weights = shrunk_discriminant(
        (rings[0].amplitude, rings[1].amplitude), (rings[0].covariance, rings[1].covariance)
    )
    inside, outside = (each @ weights for each in drawn)
    threshold = np.quantile(inside, 1 - found.recall)
    assert (outside > threshold).mean() == pytest.approx(found.false_alarms, abs=3e-3)


def test_no_threshold_does_better_at_home() -> None:
    home = domain(imaging(-8))
    own = discriminant_finds(home, home)
    outside, inside = home.outside_rings, home.inside_rings
    weights = shrunk_discriminant(
        (outside.amplitude, inside.amplitude), (outside.covariance, inside.covariance)
    )
    stream = np.random.default_rng(1)
    high, low = (
        stream.multivariate_normal(each.amplitude, each.covariance, 100_000) @ weights
        for each in (inside, outside)
    )
    best = max(
        float(dice_of((high > t).mean(), (low > t).mean(), 0.2))
        for t in np.quantile(np.concatenate([low, high]), np.linspace(0.05, 0.999, 60))
    )
    assert own.dice == pytest.approx(best, abs=0.01)
    assert discriminant_loss(home, home) == 0


def test_particles_go_unseen_at_a_lower_dose_and_support_is_taken_for_particles_at_another_focus() -> None:
    home = domain(imaging(-8))
    own = discriminant_finds(home, home)
    faint, away = (
        discriminant_finds(home, each) for each in (domain(imaging(-8, dose=40)), domain(imaging(-12)))
    )
    assert faint.recall < 0.1 < 0.9 < own.recall
    assert faint.false_alarms <= own.false_alarms < 0.01
    assert away.false_alarms > 0.2
    assert away.recall > 0.99
    assert discriminant_loss(home, domain(imaging(-12))) == pytest.approx(own.dice - away.dice)
