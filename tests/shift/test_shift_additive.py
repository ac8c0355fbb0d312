"""Sums of monotone functions: exact where the law is one, monotone where it is not, and whole where values lack."""

import numpy as np
import pytest

from passband.shift.additive import Additive


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Features on a full grid, twice each, and a Dice that rises with the first and falls with the second."""
    x, y = (each.ravel() for each in np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 7)))
    features = np.tile(np.column_stack([x, y]), (2, 1))
    return features, 0.4 + 0.4 * features[:, 0] ** 3 - 0.2 * np.sqrt(features[:, 1])


def test_a_sum_of_monotone_functions_is_found_exactly() -> None:
    features, dice = grid()
    assert Additive(features, dice, (1, -1))(features) == pytest.approx(dice, abs=1e-3)


def test_features_that_go_together_share_what_they_explain() -> None:
    # one round would give all of it to the first; the sum is right after as many as it takes
    stream = np.random.default_rng(0)
    x = stream.uniform(size=(500, 1))
    features = np.hstack([x, x + 0.2 * stream.uniform(size=(500, 1))])
    dice = 0.3 + 0.4 * features[:, 1]
    assert np.abs(Additive(features, dice, (1, 1))(features) - dice).mean() < 0.01


def test_a_promise_that_does_not_hold_leaves_the_mean() -> None:
    features, dice = grid()
    assert Additive(features, dice, (-1, 1))(features) == pytest.approx(np.full(len(dice), dice.mean()))


def test_equal_values_are_one_knot_at_their_mean() -> None:
    features, dice = np.array([[0.0], [0.0], [1.0]]), np.array([0.2, 0.4, 0.9])
    assert Additive(features, dice, (1,))(np.array([[-1.0], [0.0], [0.5], [1.0], [2.0]])) == pytest.approx(
        [0.3, 0.3, 0.6, 0.9, 0.9]
    )


def test_what_is_missing_is_taken_for_the_mean() -> None:
    features, dice = grid()
    features = np.column_stack([features, np.full(len(features), np.nan)])
    model = Additive(features, dice, (1, -1, 1))
    mean = features[:, :2].mean(0)
    assert model(np.array([[np.nan, 0.5, np.nan]])) == model(np.array([[mean[0], 0.5, 7.0]]))


def test_a_feature_without_a_sign_is_refused() -> None:
    with pytest.raises(ValueError, match="needs \\+1 or -1"):
        Additive(*grid(), (1, 0))
