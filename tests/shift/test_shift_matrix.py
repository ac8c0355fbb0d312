"""The train x test matrix and G_OOD, on a table small enough to work out by hand.

Pixel errors, two structures (s, t) each:

| network | trained on | tested on A | tested on B |
|---|---|---|---|
| a1 | A | 0.01, 0.03 (mean 0.02) | 0.05, 0.07 (mean 0.06) |
| a2 | A | 0.03, 0.05 (mean 0.04) | 0.05, 0.05 (mean 0.05) |
| a3 | A | 0.10, 0.10 (mean 0.10) | 0.10, 0.30 (mean 0.20) |
| b1 | B | 0.04, 0.06 (mean 0.05) | 0.02, 0.02 (mean 0.02) |

so the medians are A→A 0.04, A→B 0.06, B→A 0.05, B→B 0.02, and the gaps A→B are 0.04, 0.01, 0.10: median 0.04.
"""

import numpy as np
import pandas as pd
import pytest

from passband.errors import UserError
from passband.shift.matrix import (
    gap_per_pair,
    gap_profile,
    gap_sign,
    in_distribution,
    network_means,
    ood_gap,
    performance,
    train_test_matrix,
)

ERRORS = {
    ("a1", "A"): {"A": (0.01, 0.03), "B": (0.05, 0.07)},
    ("a2", "A"): {"A": (0.03, 0.05), "B": (0.05, 0.05)},
    ("a3", "A"): {"A": (0.10, 0.10), "B": (0.10, 0.30)},
    ("b1", "B"): {"A": (0.04, 0.06), "B": (0.02, 0.02)},
}
DOMAINS = pd.DataFrame({"domain_id": ["A", "B"], "defocus_nm": [-10.0, 5.0], "dose_e_per_A2": [400.0, 400.0]})


@pytest.fixture
def scores() -> pd.DataFrame:
    rows = [
        (network, train, test, structure, error, 1 - 2 * error)
        for (network, train), tests in ERRORS.items()
        for test, errors in tests.items()
        for structure, error in zip("st", errors, strict=True)
    ]
    return pd.DataFrame(
        rows, columns=["network_id", "train_id", "test_id", "structure_id", "pixel_error", "dice"]
    )


def test_the_matrix_holds_the_medians_over_networks_in_the_order_asked_for(scores: pd.DataFrame) -> None:
    matrix = train_test_matrix(scores, "pixel_error", ["B", "A", "never seen"])
    assert list(matrix.index) == ["B", "A"]
    assert list(matrix.columns) == ["B", "A"]
    np.testing.assert_allclose(matrix.to_numpy(), [[0.02, 0.05], [0.06, 0.04]])


def test_the_spread_over_networks_stands_beside_the_median(scores: pd.DataFrame) -> None:
    row = performance(scores, "pixel_error").set_index(["train_id", "test_id"]).loc[("A", "B")]
    # means 0.05, 0.06, 0.20: quartiles lie half way to the median
    assert row["median"] == pytest.approx(0.06)
    assert (row["lower_quartile"], row["upper_quartile"]) == pytest.approx((0.055, 0.13))
    assert (row["minimum"], row["maximum"], row["n_networks"]) == pytest.approx((0.05, 0.20, 3))


def test_in_distribution_performance_is_the_diagonal(scores: pd.DataFrame) -> None:
    table = in_distribution(scores, "pixel_error").set_index("train_id")["median"]
    assert table.to_dict() == pytest.approx({"A": 0.04, "B": 0.02})


def test_a_gap_is_positive_where_the_network_is_worse_away_from_home(scores: pd.DataFrame) -> None:
    error_gaps = ood_gap(scores, "pixel_error").set_index(["network_id", "test_id"])["gap"]
    dice_gaps = ood_gap(scores, "dice").set_index(["network_id", "test_id"])["gap"]
    expected = {("a1", "B"): 0.04, ("a2", "B"): 0.01, ("a3", "B"): 0.10, ("b1", "A"): 0.03}
    home = {("a1", "A"): 0.0, ("a2", "A"): 0.0, ("a3", "A"): 0.0, ("b1", "B"): 0.0}
    assert error_gaps.to_dict() == pytest.approx(expected | home)
    # dice = 1 - 2 error in this table, so its gap, dice at home less dice away, is twice that of the error
    assert dice_gaps.to_dict() == pytest.approx({key: 2 * gap for key, gap in (expected | home).items()})


def test_the_gap_of_a_pair_is_the_median_over_its_networks(scores: pd.DataFrame) -> None:
    pairs = gap_per_pair(ood_gap(scores, "pixel_error")).set_index(["train_id", "test_id"])
    assert pairs.loc[("A", "B"), "median"] == pytest.approx(0.04)
    assert pairs.loc[("A", "B"), "n_networks"] == 3


def test_the_profile_orders_pairs_by_the_shift_of_the_chosen_axis(scores: pd.DataFrame) -> None:
    gaps = ood_gap(scores, "pixel_error")
    profile = gap_profile(gaps, DOMAINS)
    # B→A: -10 - 5 = -15; home: 0; A→B: 5 + 10 = +15
    assert list(profile["shift"]) == [-15, 0, 15]
    assert list(profile["median"]) == pytest.approx([0.03, 0, 0.04])
    assert list(profile["n_pairs"]) == [1, 2, 1]
    assert list(gap_profile(gaps, DOMAINS, axis="dose_e_per_A2")["n_pairs"]) == [4]


def test_several_images_of_one_structure_count_as_one_structure(scores: pd.DataFrame) -> None:
    extra = scores[(scores["network_id"] == "a1") & (scores["structure_id"] == "s")]
    means = network_means(pd.concat([scores, extra, extra]), "pixel_error")
    pd.testing.assert_frame_equal(means, network_means(scores, "pixel_error"))


def test_a_missing_value_is_left_out_and_not_counted_as_zero(scores: pd.DataFrame) -> None:
    scores.loc[0, "pixel_error"] = np.nan  # network a1, tested on A, structure s
    first = network_means(scores, "pixel_error").iloc[0]
    assert (first["value"], first["n_structures"]) == pytest.approx((0.03, 1))


def test_a_training_domain_that_was_never_tested_is_a_users_mistake(scores: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=r"trained on 'B' were never tested there.*add that domain"):
        ood_gap(scores[scores["test_id"] == "A"], "pixel_error")


def test_an_unknown_metric_has_no_direction() -> None:
    assert (gap_sign("pixel_error"), gap_sign("dice")) == (1, -1)
    with pytest.raises(ValueError, match="no direction is known"):
        gap_sign("size_error_nm")
