"""A very large series on the page: means of all networks, intervals over structures from a sample of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_synthetic import Shape, synthetic_study

from passband.report.data import ReportData
from passband.report.headline import headline
from passband.report.page import page
from passband.report.summary import METRICS, Summary, summarise


@pytest.fixture(scope="module")
def data() -> ReportData:
    return synthetic_study(Shape(train_defoci_nm=(-10, 0), test_defoci_nm=(-10, 0, 10), structures=12))


def with_means(data: ReportData, rows: pd.DataFrame) -> ReportData:
    """The same study, of which some rows were read, and the means of all."""
    keys = ["train_id", "network_id", "test_id"]
    groups = data.scores.groupby(keys)
    means = groups[["dice", "pixel_error", "mask_fraction"]].mean()
    table = means.assign(n_images=groups.size(), structure_id="all").reset_index()
    return replace(data, scores=rows, means=table)


def summed_up(data: ReportData) -> Summary:
    known = summarise(data)
    assert known is not None
    return known


def test_with_all_networks_in_the_sample_nothing_changes(data: ReportData) -> None:
    one, other = summed_up(data), summed_up(with_means(data, data.scores))
    for metric in METRICS:
        for first, second in ((one.matrix, other.matrix), (one.profile, other.profile)):
            by_pair = [
                each[metric].set_index(["train_id", "test_id"]).sort_index() for each in (first, second)
            ]
            pd.testing.assert_frame_equal(*by_pair, rtol=1e-9)
    assert np.array([other.own_dice.median, other.own_dice.low, other.own_dice.high]) == pytest.approx(
        np.array([one.own_dice.median, one.own_dice.low, one.own_dice.high])
    )


def test_medians_are_those_of_all_networks_and_intervals_lie_around_them(data: ReportData) -> None:
    some = data.scores[data.scores["network_id"].isin(sorted(data.scores["network_id"].unique())[::2])]
    one, other = summed_up(data), summed_up(with_means(data, some))
    alone = summed_up(replace(data, scores=some))
    keys = ["train_id", "test_id"]
    for metric in METRICS:
        known, few, told = (each.profile[metric].set_index(keys).sort_index() for each in (one, alone, other))
        assert told["median"].to_numpy() == pytest.approx(known["median"].to_numpy())
        for end in ("low", "high"):
            moved = (told[end] - told["median"]) - (few[end] - few["median"])
            assert moved.dropna().abs().max() < 1e-12
    assert other.own_dice.median == pytest.approx(one.own_dice.median)


def test_the_page_of_a_large_series_says_what_is_of_a_sample(data: ReportData) -> None:
    network = sorted(data.scores["network_id"].unique())[::2]
    large = with_means(data, data.scores[data.scores["network_id"].isin(network)])
    every = data.scores["network_id"].nunique()
    sentence = f"a sample of {len(network)} of them"
    text = page(large, headline(large, summarise(large)), {})
    assert sentence in text
    assert f"those of all {every} networks" in text
    assert f"{len(data.scores):,}" in {what: n for n, what in headline(large, None).facts}["images scored"]
    assert "a sample of" not in page(data, headline(data, summarise(data)), {})
