"""Rank correlations of measures with the drop, and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from passband.shift.crossed import Resampling
from passband.shift.rank import rank_correlations

TRAIN = (-10, -5, 0, 5, 10)
TEST = tuple(range(-25, 26, 5))
BOOTSTRAP = Resampling(seed=1, resamples=200)


def drop(train: int, test: int) -> float:
    """A drop that grows with |Δdefocus| only."""
    return 0.002 * abs(train - test)


def study(noise: float = 0.0, networks: int = 3, structures: int = 6) -> pd.DataFrame:
    stream = np.random.default_rng(0)
    rows = [
        (
            f"{train}/{k}",
            f"{train} nm",
            f"{test} nm",
            f"s{s}",
            0.02 + drop(train, test) + noise * stream.normal(),
        )
        for train in TRAIN
        for k in range(networks)
        for test in TEST
        for s in range(structures)
    ]
    scores = pd.DataFrame(rows, columns=["network_id", "train_id", "test_id", "structure_id", "pixel_error"])
    return scores.assign(dice=1 - scores["pixel_error"])


def measures() -> pd.DataFrame:
    pairs = [(train, test) for train in TRAIN for test in TEST]
    return pd.DataFrame(
        {
            "train_id": [f"{train} nm" for train, _ in pairs],
            "test_id": [f"{test} nm" for _, test in pairs],
            "distance": [abs(train - test) for train, test in pairs],
            "similarity": [-abs(train - test) for train, test in pairs],
            "magnitude": [abs(abs(train) - abs(test)) for train, test in pairs],
            "constant": [
                1.0 - 1e-15 * (test % 2) for _, test in pairs
            ],  # as sums of the same numbers come out
        }
    )


def row(table: pd.DataFrame, measure: str, scope: str, statistic: str) -> pd.Series:
    keys = (table["measure"] == measure) & (table["scope"] == scope) & (table["statistic"] == statistic)
    (found,) = table[keys].to_dict("records")
    return pd.Series(found)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    names = ["distance", "similarity", "magnitude", "constant"]
    return rank_correlations(study(noise=0.002), "pixel_error", measures(), names, BOOTSTRAP)


@pytest.mark.parametrize("metric", ["pixel_error", "dice"])
@pytest.mark.parametrize("scope", ["overall", "within_training"])
@pytest.mark.parametrize("statistic", ["spearman", "kendall"])
def test_a_measure_that_orders_the_drops_perfectly_has_correlation_one(
    metric: str, scope: str, statistic: str
) -> None:
    table = rank_correlations(study(), metric, measures(), ["distance", "similarity"], BOOTSTRAP)
    # float noise splits ties among equal drops, so a few parts in a hundred may be lost
    assert row(table, "distance", scope, statistic)["value"] > 0.95
    assert row(table, "similarity", scope, statistic)["value"] < -0.95


def test_the_overall_value_is_scipys_without_the_domains_themselves(table: pd.DataFrame) -> None:
    scores = study(noise=0.002)
    means = scores.groupby(["network_id", "train_id", "test_id"])["pixel_error"].mean().reset_index()
    home = means[means["train_id"] == means["test_id"]].set_index("network_id")["pixel_error"]
    means["drop"] = means["pixel_error"] - means["network_id"].map(home)
    drops = means.groupby(["train_id", "test_id"])["drop"].median().reset_index()
    joined = drops[drops["train_id"] != drops["test_id"]].merge(measures())
    found = row(table, "magnitude", "overall", "spearman")
    assert found["value"] == pytest.approx(stats.spearmanr(joined["drop"], joined["magnitude"]).statistic)
    within = [
        stats.kendalltau(part["drop"], part["magnitude"]).statistic for _, part in joined.groupby("train_id")
    ]
    assert row(table, "magnitude", "within_training", "kendall")["value"] == pytest.approx(np.mean(within))
    # 5 x 11 pairs less the 5 domains themselves
    assert found["n_pairs"] == len(joined) == 50


def test_intervals_lie_in_order_around_strong_and_weak_measures(table: pd.DataFrame) -> None:
    known = table[table["measure"] != "constant"]
    assert (known["low"] < known["high"]).all()
    assert (
        row(table, "distance", "overall", "spearman")["low"]
        > row(table, "magnitude", "overall", "spearman")["high"]
    )
    assert (known["level"] == 0.90).all()


def test_a_wider_level_gives_a_wider_interval(table: pd.DataFrame) -> None:
    wide = rank_correlations(
        study(noise=0.002),
        "pixel_error",
        measures(),
        ["distance"],
        Resampling(seed=1, resamples=200, level=0.99),
    )
    narrow = row(table, "distance", "overall", "kendall")
    wider = row(wide, "distance", "overall", "kendall")
    assert wider["low"] < narrow["low"] < narrow["high"] < wider["high"]


def test_a_measure_that_never_varies_has_no_correlation(table: pd.DataFrame) -> None:
    found = row(table, "constant", "overall", "spearman")
    assert np.isnan([found["value"], found["low"], found["high"]]).all()
    assert found["n_degenerate"] == found["n_resamples"] == 200


def test_two_training_domains_are_too_few_for_an_interval() -> None:
    scores = study(noise=0.002)
    few = scores[scores["train_id"].isin(["-5 nm", "5 nm"])]
    found = row(
        rank_correlations(few, "pixel_error", measures(), ["distance"], BOOTSTRAP),
        "distance",
        "overall",
        "kendall",
    )
    assert found["value"] > 0.5
    assert np.isnan([found["low"], found["high"]]).all()


def test_few_levels_are_counted_and_flagged(table: pd.DataFrame) -> None:
    found = row(table, "distance", "overall", "spearman")
    counts = ["n_training_domains", "n_test_domains", "n_networks", "n_structures"]
    assert list(found[counts]) == [5, 11, 3, 6]
    assert found["note"] == ""
    scores = study(networks=1, structures=4)
    few = rank_correlations(scores[scores["train_id"] != "0 nm"], "dice", measures(), ["distance"], BOOTSTRAP)
    assert set(few["note"]) == {
        "rough interval: only 4 training domains, 1 networks per training domain, 4 structures"
    }


def test_an_unknown_measure_of_a_pair_leaves_that_pair_out() -> None:
    known = measures()
    known.loc[(known["train_id"] == "0 nm") & (known["test_id"] == "25 nm"), "distance"] = np.nan
    table = rank_correlations(study(), "dice", known, ["distance"], BOOTSTRAP)
    assert set(table["n_pairs"]) == {49}


def test_the_same_seed_gives_the_same_table(table: pd.DataFrame) -> None:
    names = ["distance", "similarity", "magnitude", "constant"]
    again = rank_correlations(study(noise=0.002), "pixel_error", measures(), names, BOOTSTRAP)
    pd.testing.assert_frame_equal(table, again)


def test_a_pair_given_twice_is_refused() -> None:
    twice = pd.concat([measures(), measures()])
    with pytest.raises(ValueError, match="more than once"):
        rank_correlations(study(), "dice", twice, ["distance"], BOOTSTRAP)
