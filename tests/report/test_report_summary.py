"""The scores summed up: gaps, their intervals, and the flat basin."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_synthetic import Shape, synthetic_study

from passband.report.axis import domain_axis
from passband.report.data import ReportData
from passband.report.summary import Summary, basin_reach, loss_by_distance, summarise

SMALL = Shape(train_defoci_nm=(-10, 0), test_defoci_nm=(-10, 0, 10), structures=12)


@pytest.fixture(scope="module")
def data() -> ReportData:
    return synthetic_study(SMALL, examples=False)


@pytest.fixture(scope="module")
def summary(data: ReportData) -> Summary:
    known = summarise(data)
    assert known is not None
    return known


def test_a_gap_is_the_difference_of_the_means_of_one_network_and_positive_means_worse(
    data: ReportData, summary: Summary
) -> None:
    scores = data.scores[data.scores["train_id"] == "defocus -10 nm"]
    means = scores.groupby(["network_id", "test_id"])[["dice", "pixel_error"]].mean().unstack()
    for metric, sign in (("dice", -1), ("pixel_error", 1)):
        gaps = sign * (means[metric, "defocus 10 nm"] - means[metric, "defocus -10 nm"])
        profile = summary.profile[metric].set_index(["train_id", "test_id"])["median"]
        assert profile["defocus -10 nm", "defocus 10 nm"] == pytest.approx(gaps.median())
        assert profile["defocus -10 nm", "defocus -10 nm"] == 0
        assert gaps.median() > 0.02


def test_the_interval_of_a_gap_holds_its_median(summary: Summary) -> None:
    for metric in ("dice", "pixel_error"):
        away = summary.away(metric)
        assert (away["low"] <= away["median"]).all()
        assert (away["median"] <= away["high"]).all()


def test_structures_that_are_all_alike_leave_no_uncertainty(data: ReportData) -> None:
    keys = ["network_id", "train_id", "test_id"]
    flat = data.scores.assign(dice=data.scores.groupby(keys)["dice"].transform("mean"))
    known = summarise(replaced(data, flat))
    assert known is not None
    assert known.own_dice.low == pytest.approx(known.own_dice.median) == known.own_dice.high
    assert (known.away("dice")["high"] - known.away("dice")["low"]).abs().max() < 1e-9


def test_the_interval_over_structures_has_the_width_of_a_mean_of_independent_values(data: ReportData) -> None:
    # one network, n structures with scatter s: the 90 % interval of the mean is 2 * 1.645 * s / sqrt(n) wide
    one = data.scores[data.scores["network_id"] == data.scores["network_id"].iloc[0]]
    n = one["structure_id"].nunique()
    home = one[one["train_id"] == one["test_id"]].assign(dice=0.8 + 0.1 * np.linspace(-1, 1, n))
    known = summarise(replaced(data, home))
    assert known is not None
    scatter = float(np.std(home["dice"]))
    expected = 2 * 1.645 * scatter / np.sqrt(n)
    assert known.own_dice.high - known.own_dice.low == pytest.approx(expected, rel=0.15)


def test_domains_with_structures_of_their_own_still_have_gaps_with_intervals(data: ReportData) -> None:
    own = data.scores["structure_id"].where(
        data.scores["test_id"] == "defocus -10 nm", "other " + data.scores["structure_id"]
    )
    known = summarise(replaced(data, data.scores.assign(structure_id=own)))
    assert known is not None
    assert known.away("dice")[["median", "low", "high"]].notna().all(axis=None)


def test_nothing_tested_sums_up_to_nothing(data: ReportData) -> None:
    assert summarise(replaced(data, data.scores.iloc[:0])) is None


@given(st.lists(st.floats(-0.1, 0.6), min_size=1, max_size=9), st.floats(0, 0.3))
def test_the_basin_ends_before_the_first_distance_that_loses_more_than_the_tolerance(
    losses: list[float], tolerance: float
) -> None:
    pooled = pd.DataFrame({"distance": np.arange(1, len(losses) + 1) * 5.0, "median": losses})
    reach = basin_reach(pooled.sample(frac=1, random_state=0), tolerance)
    inside = pooled["distance"] <= reach
    assert (pooled["median"][inside] <= tolerance).all()
    assert inside.all() or pooled["median"][~inside].iloc[0] > tolerance


def test_pairs_of_one_distance_are_pooled_whatever_their_direction(
    data: ReportData, summary: Summary
) -> None:
    pooled = loss_by_distance(summary.away("dice"), domain_axis(data.domains)).set_index("distance")["median"]
    pairs = summary.away("dice").set_index(["train_id", "test_id"])["median"]
    ten = [
        ("defocus -10 nm", "defocus 0 nm"),
        ("defocus 0 nm", "defocus -10 nm"),
        ("defocus 0 nm", "defocus 10 nm"),
    ]
    assert list(pooled.index) == [10, 20]
    assert pooled[10] == pytest.approx(np.median([pairs[pair] for pair in ten]))


def replaced(data: ReportData, scores: pd.DataFrame) -> ReportData:
    from dataclasses import replace

    return replace(data, scores=scores)
