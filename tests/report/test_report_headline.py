"""The answer says what the numbers say."""

from dataclasses import replace

import pandas as pd
import pytest
from report_synthetic import Shape, failed_study, name_of, synthetic_study

from passband.report.data import ReportData
from passband.report.headline import headline
from passband.report.summary import summarise

DICE = {0: 0.95, 5: 0.94, 10: 0.90, 35: 0.40}
"""Dice at a shift [nm]: at home, inside the basin (0.01 lost), outside it (0.05), far out (0.55)."""


def told(data: ReportData) -> str:
    return " ".join(headline(data, summarise(data)).sentences)


def study(dice: dict[int, float]) -> ReportData:
    """One training domain at 0 nm whose Dice at each shift is exactly as given."""
    shape = Shape(train_defoci_nm=(0,), test_defoci_nm=tuple(dice), structures=4)
    data = synthetic_study(shape, examples=False)
    shift = data.scores["test_id"].str.split(" ").str[1].astype(int)
    exact = data.scores.assign(dice=shift.map(dice), pixel_error=0.4 * (1 - shift.map(dice)))
    return replace(data, scores=exact)


def test_the_three_numbers_are_those_of_the_table() -> None:
    text = told(study(DICE))
    assert "the median network reaches Dice 0.950" in text
    assert "stays within 0.02 of that up to a shift of 5 nm in mean defocus" in text
    assert "at the largest shift, 35 nm, it has lost 0.55 Dice (pixel error +0.220)" in text


def test_a_basin_that_is_nowhere_or_everywhere_is_said_to_be_so() -> None:
    assert "Already the smallest shift tested, 5 nm of mean defocus, costs 0.060 of it" in told(
        study(DICE | {5: 0.89})
    )
    assert "within 0.02 of that at every shift" in told(study({0: 0.95, 5: 0.94, 35: 0.96}))
    assert "has gained 0.01 Dice" in told(study({0: 0.95, 5: 0.94, 35: 0.96}))


def test_basins_of_different_width_are_told_with_their_spread() -> None:
    narrow = study({0: 0.95, 5: 0.80, 10: 0.7, 15: 0.6}).scores
    wide = study({0: 0.95, 5: 0.95, 10: 0.95, 15: 0.6}).scores
    other = wide.assign(train_id=name_of(5), network_id="b" + wide["network_id"])
    base = study({0: 0.95, 5: 0.80, 10: 0.7, 15: 0.6})
    text = told(replace(base, scores=pd.concat([narrow, other], ignore_index=True)))
    assert "(0 nm to 5 nm, depending on the training domain)" in text


def test_without_a_common_axis_the_worst_pair_is_named() -> None:
    data = study(DICE)
    text = told(replace(data, domains=data.domains.assign(Cs_mm=[0.0, 1.2, 0.0, 1.2])))
    assert "the worst pair (trained on “defocus 0 nm”, tested on “defocus 35 nm”) loses 0.550" in text


def test_a_study_that_stayed_at_home_says_nothing_about_shifts() -> None:
    data = study({0: 0.95, 5: 0.9})
    home = data.scores[data.scores["test_id"] == name_of(0)]
    assert "nothing is said about shifts" in told(replace(data, scores=home))


def test_a_study_in_which_all_failed_claims_nothing_and_counts_its_failures() -> None:
    data = failed_study()
    answer = headline(data, summarise(data))
    assert answer.sentences == (
        "No network was trained and tested, so there is no answer; the failures are listed below.",
    )
    assert ("0 of 2", "networks trained and tested") in answer.facts
    assert ("2", "tasks failed") in answer.facts


@pytest.mark.parametrize("value", [0.731, -0.42])
def test_sigma_stands_beside_the_plain_baseline(value: float) -> None:
    data = synthetic_study(
        Shape(train_defoci_nm=(-10, 0), test_defoci_nm=(-10, 0, 10), structures=4), examples=False
    )
    table = data.correlations
    table.loc[(table["measure"] == "sigma") & (table["scope"] == "overall"), "value"] = value
    text = told(replace(data, correlations=table))
    assert f"our overlap σ ranks the losses with Spearman’s ρ = {value:.2f}".replace("= -", "= −") in text
    assert "the plain difference of defocus with" in text


def test_an_overlap_that_is_the_same_for_all_pairs_is_called_no_shift() -> None:
    data = synthetic_study(
        Shape(train_defoci_nm=(-10, 0), test_defoci_nm=(-10, 0, 10), structures=4), examples=False
    )
    table = data.correlations
    table.loc[table["measure"] == "sigma", ["value", "low", "high"]] = float("nan")
    alike = data.information.assign(sigma=1.0)
    text = told(replace(data, correlations=table, information=alike))
    assert "σ is the same for all pairs of domains" in text
    assert "the same for all pairs" not in told(replace(data, correlations=table))


@pytest.mark.parametrize(
    ("low", "high", "doubted"), [(-0.5, 0.6, True), (-0.9, -0.2, False), (0.1, 0.8, False)]
)
def test_an_interval_that_holds_zero_is_called_no_relation(low: float, high: float, doubted: bool) -> None:
    data = synthetic_study(
        Shape(train_defoci_nm=(-10, 0), test_defoci_nm=(-10, 0, 10), structures=4), examples=False
    )
    table = data.correlations.assign(low=low, high=high)
    assert ("shows no relation of σ" in told(replace(data, correlations=table))) == doubted
