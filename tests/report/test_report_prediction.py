"""What the report says of prediction: sentences that follow the numbers, and figures where there are any."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_synthetic import Shape, synthetic_study

from passband.report.figures import report_figures
from passband.report.plots_prediction import plot_errors
from passband.report.prediction import (
    CONTESTS,
    contest_of,
    contest_sentence,
    limit_sentences,
    prediction_paragraphs,
    simulation_sentence,
)
from passband.report.summary import summarise
from passband.report.write import write_report
from passband.shift.contests import DIRECT_SIMULATION

LIMITS = {
    "noise_ceiling": {"mae": 0.0101, "spearman_within": 0.985},
    "asymmetry": {"share": 0.6, "domains": 12, "best_measure": "detectability", "explained": 0.45},
    "mantel": {"sigma_radial": {"spearman": -0.31, "p": 0.001}, "polarity": {"spearman": 0.1, "p": 0.4}},
    "refusals": ["scores: too few"],
}


def contest(difference: tuple[float, float] = (0.004, 0.02)) -> dict[str, Any]:
    predictors = [("measures", True, 0.05), ("median", False, 0.09), ("parameters", False, 0.06)]
    return {
        "refused": None,
        "primary": "measures",
        "mae_both_out": 0.05,
        "mae_interval": [0.04, 0.06],
        "best_baseline": "parameters",
        "best_baseline_mae": 0.06,
        "mae_difference": float(np.mean(difference)),
        "mae_difference_interval": list(difference),
        "mae_of_constant": 0.09,
        "interval_half_width": 0.12,
        "interval_coverage": 0.9,
        "interval_refused": None,
        "predictors": [
            {"name": name, "ours": ours, "mae": mae, "mae_interval": [mae - 0.01, mae + 0.01]}
            for name, ours, mae in predictors
        ],
    }


REFUSED = {"refused": "2 training and 3 test domains are too few"}
TOLD = contest() | {"unlabelled": REFUSED, "limits": LIMITS}


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ((0.004, 0.02), "Ours are better"),
        ((-0.02, -0.004), "The baseline is better"),
        ((-0.01, 0.02), "cannot be told apart"),
    ],
)
def test_the_sentence_claims_what_the_interval_allows(difference: tuple[float, float], words: str) -> None:
    sentence = contest_sentence(contest(difference), frozen=False)
    assert words in sentence
    assert "0.050 (0.040 to 0.060)" in sentence
    assert "trees on the settings of both domains, to 0.060" in sentence


def test_a_refusal_is_told_instead_of_figures() -> None:
    assert contest_sentence(REFUSED, False) == f"Nothing is said here: {REFUSED['refused']}."
    without = contest() | {"interval_half_width": None, "interval_refused": "too few to calibrate"}
    assert "No interval is stated: too few to calibrate." in contest_sentence(without, False)


def test_what_is_easier_is_told_where_it_was_tried() -> None:
    told = contest_sentence(contest() | {"mae_test_out": 0.03, "mae_train_out": 0.04}, False)
    assert (
        "Where only the test domain is new ours come to 0.030, where only the training domain is, to 0.040."
        in told
    )
    assert "Where only" not in contest_sentence(
        contest() | {"mae_test_out": None, "mae_train_out": None}, True
    )


def test_frozen_models_are_told_as_such() -> None:
    told, frozen = contest_of({"frozen": TOLD}, "physics")
    assert frozen
    assert "another study" in contest_sentence(told, frozen)


def test_limits_are_told_with_their_corrections() -> None:
    lines = limit_sentences(LIMITS)
    assert "0.010" in lines[0]
    assert "60%" in lines[1]
    assert "chosen afterwards" in lines[1]
    assert "1 of 2 measures" in lines[2]  # .001 x 2 is below .05, .4 x 2 is not
    assert lines[3] == "Scores: too few."
    assert [title for title, _ in prediction_paragraphs(TOLD)][-1].startswith("What any prediction")


def test_the_page_shows_figures_of_the_contests_that_were_held() -> None:
    data = synthetic_study(Shape(train_defoci_nm=(-10, 0, 10), test_defoci_nm=(-10, 0, 10), structures=4))
    stream = np.random.default_rng(0)
    table = pd.DataFrame({"dice_mean": stream.uniform(0.6, 0.95, 30)})
    table = table.assign(predicted=table["dice_mean"] + 0.02, contest="physics", half_width=0.12)
    told = replace(data, prediction=TOLD, predictions=table)
    figures = report_figures(told, summarise(told))
    assert {"prediction_pairs", "prediction_errors"} <= set(figures)
    assert "our measures alone 0.050" in figures["prediction_errors"].alt
    refused = replace(told, prediction=REFUSED | {"unlabelled": REFUSED, "limits": LIMITS})
    assert "prediction_pairs" not in report_figures(refused, summarise(refused))


def test_a_page_without_the_tables_says_so_and_one_with_them_tells_them(tmp_path: Any) -> None:
    data = synthetic_study(Shape(train_defoci_nm=(-10, 0, 10), test_defoci_nm=(-10, 0, 10), structures=4))
    page = write_report(data, tmp_path / "without").read_text(encoding="utf-8")
    assert "It was not asked" in page
    refused = replace(data, prediction=REFUSED | {"unlabelled": REFUSED, "limits": LIMITS})
    page = write_report(refused, tmp_path / "refused").read_text(encoding="utf-8")
    assert "Nothing is said here: 2 training and 3 test domains are too few." in page


def test_bars_stand_in_the_order_of_their_errors() -> None:
    axes = plot_errors(TOLD, ["physics"]).axes[0]
    widths = [patch.get_width() for patch in axes.patches]  # type: ignore[attr-defined]
    assert widths == sorted(widths) == [0.05, 0.06, 0.09]


def test_direct_simulation_stands_apart_with_the_words_that_it_is_a_bound() -> None:
    own = {"name": DIRECT_SIMULATION, "ours": True, "mae": 0.03, "mae_interval": [0.02, 0.04]}
    with_it = TOLD | {"predictors": [own, *TOLD["predictors"]]}
    axes = plot_errors(with_it, ["physics"]).axes[0]
    assert [patch.get_hatch() for patch in axes.patches] == [None, None, None, "////"]
    sentence = simulation_sentence(with_it)
    assert "comes to 0.030 (0.020 to 0.040)" in sentence
    assert "the test itself on other structures, so it is a bound" in sentence
    assert sentence in dict(prediction_paragraphs(with_it))[CONTESTS["physics"]]
    assert simulation_sentence(TOLD) == simulation_sentence(REFUSED) == ""
    assert contest_sentence(with_it, False) == contest_sentence(TOLD, False)
