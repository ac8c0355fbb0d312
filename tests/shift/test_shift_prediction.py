"""Prediction of conditions that were left out, its intervals, and what is said of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.svm import SVR

from passband.errors import UserError
from passband.shift import predictors
from passband.shift.analysis import AnalysisOptions, analyse
from passband.shift.comparison import compared, holm
from passband.shift.conformal import conformal_half_width, coverage_left_out, fewest_conditions
from passband.shift.crossed import Resampling
from passband.shift.leave_out import as_matrix, enough_folds, fold_of, folds, predictions
from passband.shift.matrix import network_means
from passband.shift.pair_table import pair_scores, pair_table
from passband.shift.predictors import (
    KNOWN_TO,
    STIFFNESS,
    Predictor,
    by_kernel,
    by_kernel_in_turn,
    by_measures,
    by_parameters,
    linear,
    median_predictor,
    smooth,
)
from passband.shift.standard import CLOSED_FORM, CONFIDENT, PRIMARY, standard_baselines, standard_ours

OPTIONS = AnalysisOptions(Resampling(seed=3, resamples=200), n_folds=3)


def pairs_of(n: int, m: int, shared: int = 0) -> pd.DataFrame:
    """Dice = 0.95 - distance, the distance of two places on a line; the first `shared` domains have both roles."""
    stream = np.random.default_rng(0)
    place = {f"d{k:02d}": stream.uniform(0, 0.5) for k in range(n + m - shared)}
    names = list(place)
    rows = [(a, b, abs(place[a] - place[b])) for a in names[:n] for b in names[n - shared :]]
    table = pd.DataFrame(rows, columns=["train_id", "test_id", "distance"])
    return table.assign(
        dice_mean=0.95 - table["distance"],
        home_dice=0.95,
        n_networks=3,
        rubbish=stream.normal(size=len(table)),
        train_place=table["train_id"].map(place),
        test_place=table["test_id"].map(place),
    )


def means() -> pd.DataFrame:
    rows = [
        (f"{train}{k}", train, test, structure, 0.9 - 0.1 * (train != test) + 0.02 * k)
        for train in "AB"
        for k in range(2)
        for test in "ABC"
        for structure in "pq"
    ]
    scores = pd.DataFrame(rows, columns=["network_id", "train_id", "test_id", "structure_id", "dice"])
    return network_means(scores, "dice")


def test_a_pair_has_the_mean_and_spread_of_its_networks_and_its_home() -> None:
    row = pair_scores(means()).set_index(["train_id", "test_id"]).loc[("A", "C")]
    # networks reach 0.80 and 0.82 away, 0.90 and 0.92 at home
    assert row["dice_mean"] == pytest.approx(0.81)
    assert row["dice_sd"] == pytest.approx(0.02 / np.sqrt(2))
    assert (row["home_dice"], row["n_networks"]) == (pytest.approx(0.91), 2)


def test_a_pair_without_or_with_two_measures_is_a_users_mistake() -> None:
    measures = pair_scores(means())[["train_id", "test_id"]].assign(sigma=1.0)
    assert pair_table(means(), measures)["sigma"].eq(1).all()
    with pytest.raises(UserError, match="has scores but no measures"):
        pair_table(means(), measures.iloc[1:])
    with pytest.raises(UserError, match="stands there twice"):
        pair_table(means(), pd.concat([measures, measures]))
    with pytest.raises(UserError, match="'sigma' is there already"):
        pair_table(means(), measures, measures)


@pytest.mark.parametrize("scheme", ["test", "train", "both"])
def test_every_pair_is_predicted_once_by_a_model_that_did_not_see_what_is_left_out(scheme: str) -> None:
    pairs = pairs_of(8, 10, shared=4)
    parts = folds(pairs, scheme, 4, seed=0)  # type: ignore[arg-type]
    away = (pairs["train_id"] != pairs["test_id"]).to_numpy()
    assert (sum(part.held.astype(int) for part in parts) == away).all()
    for part in parts:
        fit, held = pairs[part.fit], pairs[part.held]
        if scheme != "train":
            assert not set(fit["test_id"]) & set(held["test_id"])
        if scheme != "test":
            assert not set(fit["train_id"]) & set(held["train_id"])
        if scheme == "both":
            gone = set(held["train_id"]) | set(held["test_id"])
            assert not gone & (set(fit["train_id"]) | set(fit["test_id"]))


def test_folds_are_those_that_are_told() -> None:
    pairs = pairs_of(8, 10)
    rows, columns = (fold_of(pairs, role, 4, 0) for role in ("train", "test"))  # type: ignore[arg-type]
    train, test = (pairs[key].to_numpy() for key in ("train_id", "test_id"))
    for part in folds(pairs, "both", 4, 0):
        held = part.held.nonzero()[0]
        assert len({rows[np.unique(train).searchsorted(train[held])].tobytes()}) == 1
        assert len(set(columns[np.unique(test).searchsorted(test[held])])) == 1


def test_small_tables_leave_out_one_condition_at_a_time_whatever_the_seed() -> None:
    pairs = pairs_of(9, 12, shared=9)
    found = [folds(pairs, "both", enough_folds(len(pairs)), seed) for seed in (0, 1)]
    for parts in found:
        assert len(parts) == 9 * 8 // 2 + 9 * 3  # what two domains in both roles leave out is one fold
        for part in parts:
            gone = pairs[part.held]
            assert len(set(gone["train_id"]) | set(gone["test_id"])) == 2
    line = Predictor("line", ("distance",), (-1,), linear)
    one, other = (predictions(pairs, line, parts) for parts in found)
    assert one == pytest.approx(other, nan_ok=True)


def test_folds_become_fewer_with_the_pairs() -> None:
    counts = [enough_folds(n) for n in (1, 81, 324, 1728, 16_384, 10**7)]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] > 18
    assert counts[-2:] == [5, 5]


def test_two_conditions_of_a_role_are_too_few_to_leave_out() -> None:
    with pytest.raises(UserError, match="2 train conditions"):
        folds(pairs_of(2, 10), "both", 5, 0)


@pytest.mark.parametrize("larger", [1, -1])
def test_monotone_models_keep_their_promise(larger: int) -> None:
    stream = np.random.default_rng(0)
    x = stream.uniform(size=(300, 2))
    dice = np.clip(0.5 + 0.3 * larger * x[:, 1] + 0.2 * stream.normal(size=300), 0, 1)
    model = by_measures("m", {"measure": larger}).fitted(x, dice)
    line = model(np.column_stack([np.full(50, 0.5), np.linspace(0, 1, 50)]))
    assert (larger * np.diff(line) >= 0).all()
    assert np.ptp(line) > 0.1


def test_a_linear_law_is_learned_and_an_unknown_pair_predicted() -> None:
    pairs = pairs_of(10, 12)
    predicted = predictions(
        pairs, Predictor("line", ("distance",), (-1,), linear), folds(pairs, "both", 5, 0)
    )
    # a ridge of one pair among some 80 shrinks the slope by 1/80 of a spread of 0.12
    assert np.abs(predicted - pairs["dice_mean"]).max() < 0.01


def test_half_widths_are_quantiles_that_make_up_for_their_being_few() -> None:
    # independent residuals: the table counts as up to 30 x 40 of them, and the quantile of |normal| at 0.9 is 1.645
    residuals = np.random.default_rng(1).normal(size=(30, 40))
    assert conformal_half_width(residuals, 0.9) == pytest.approx(1.645, rel=0.06)
    # residuals of whole rows: only 30, and the level is 0.9 (1 + 1/30) = 0.93 of them
    rows = np.repeat(np.random.default_rng(2).normal(size=(30, 1)), 40, axis=1)
    assert conformal_half_width(rows, 0.9) == pytest.approx(np.quantile(np.abs(rows[:, 0]), 0.93), rel=0.1)


def test_intervals_are_refused_where_conditions_are_too_few() -> None:
    assert [fewest_conditions(level) for level in (0.8, 0.9, 0.95)] == [4, 9, 19]
    with pytest.raises(
        UserError, match="8 training and 40 test conditions are too few to calibrate 90% intervals; 9"
    ):
        conformal_half_width(np.ones((8, 40)), 0.9)


def test_coverage_is_judged_without_the_domains_of_a_pair() -> None:
    # one row with errors a hundred times as large is never covered by what the other eleven say. Of these, each is
    # calibrated with ten and the bad one, a share of 1/11 > 1 - 0.9 (1 + 1/n') of residuals, so its width holds all
    residuals = np.random.default_rng(1).normal(size=(12, 20))
    residuals[0] *= 100
    found = coverage_left_out(residuals, (np.arange(12), np.arange(20) % 4), 0.9)
    assert found == pytest.approx(11 / 12)


def test_comparisons_have_the_sign_of_the_better_and_share_the_level() -> None:
    stream = np.random.default_rng(0)
    ours = 0.1 * stream.normal(size=(12, 15))
    errors = {"worse": 3 * ours, "equal": ours[::-1], "better": ours / 3}
    found = {each.baseline: each for each in compared(ours, errors, Resampling(0, 400))}
    assert found["worse"].low > 0 > found["better"].high
    assert found["equal"].low < 0 < found["equal"].high
    assert found["worse"].p_adjusted == pytest.approx(3 * found["worse"].p)
    assert found["better"].p_adjusted == 1


def test_a_domain_that_was_only_tested_at_home_is_left_out_of_comparisons() -> None:
    stream = np.random.default_rng(0)
    ours, base = 0.1 * stream.normal(size=(6, 8)), 0.2 * stream.normal(size=(6, 8))
    lone = [np.pad(each, ((0, 0), (0, 1)), constant_values=np.nan) for each in (ours, base)]
    how = Resampling(0, 100)
    assert compared(lone[0], {"b": lone[1]}, how) == compared(ours, {"b": base}, how)


def test_holm_adjusts_in_steps() -> None:
    # 3 · 0.01, then max(0.03, 2 · 0.02) = 0.04, then max(0.04, 1 · 0.03) = 0.04
    assert holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_an_analysis_finds_the_measure_that_decides_and_says_by_how_much() -> None:
    pairs = pairs_of(15, 15, shared=3)
    ours = [by_measures("ours", {"distance": -1})]
    found = analyse(pairs, ours, [by_measures("rubbish", {"rubbish": 1})], OPTIONS)
    told = found.headline()
    assert told["networks"] == 45
    assert told["mae_both_out"] == found.score("ours").mae < 0.5 * told["best_baseline_mae"]
    assert told["mae_difference_interval"][0] > 0
    assert told["spearman_within"] > 0.9
    assert 0.7 < told["interval_coverage"] <= 1
    assert {each.baseline for each in found.comparisons} == {"median", "rubbish"}
    assert [each.scheme for each in found.scores] == ["test", "train", *["both"] * 3]
    # one domain that is known leaves less to guess, though by chance it may not show
    assert max(told["mae_test_out"], told["mae_train_out"]) < 1.2 * told["mae_both_out"]


def test_an_analysis_of_few_conditions_predicts_but_refuses_intervals() -> None:
    pairs = pairs_of(5, 11)
    told = analyse(pairs, [by_parameters("ours", ["distance"])], [], OPTIONS).headline()
    assert told["interval_half_width"] is told["interval_coverage"] is None
    assert "5 training and 11 test conditions are too few" in told["interval_refused"]
    assert told["best_baseline"] == "median"


def test_what_is_missing_from_the_table_is_named() -> None:
    with pytest.raises(UserError, match="predictor 'ours': the table of pairs has no column 'sigma'"):
        analyse(pairs_of(5, 11), [by_measures("ours", {"sigma": 1})], [], OPTIONS)
    with pytest.raises(UserError, match="two are called 'median'"):
        analyse(pairs_of(5, 11), [median_predictor()], [], OPTIONS)


def test_a_matrix_holds_the_pairs_in_sorted_order() -> None:
    pairs = pairs_of(3, 4).iloc[1:]
    matrix = as_matrix(pairs, pairs["distance"].to_numpy())
    assert matrix.shape == (3, 4)
    assert np.isnan(matrix[0, 0])
    assert np.isfinite(matrix).sum() == 11


def test_a_smooth_model_foretells_what_is_smooth_and_keeps_within_bounds() -> None:
    pairs = pairs_of(12, 20)
    parts = folds(pairs, "both", 4, 0)
    dice = pairs["dice_mean"].to_numpy()
    both = by_kernel("both", ["distance", "rubbish"])
    off = np.nanmean(np.abs(predictions(pairs, both, parts) - dice))
    assert off < 0.3 * np.nanmean(np.abs(predictions(pairs, median_predictor(), parts) - dice))
    far = both.fitted(both.features(pairs), dice)(np.array([[0.95, 50.0, 0.0], [0.95, -50.0, 0.0]]))
    assert ((far >= 0) & (far <= 1)).all()


def test_features_that_come_first_are_not_drowned_by_others() -> None:
    pairs = pairs_of(12, 20)
    noise = {f"noise{k}": np.random.default_rng(k).normal(size=len(pairs)) for k in range(20)}
    pairs, parts = pairs.assign(**noise), folds(pairs, "both", 4, 0)

    def error(predictor: Predictor) -> float:
        return float(np.nanmean(np.abs(predictions(pairs, predictor, parts) - pairs["dice_mean"].to_numpy())))

    assert error(by_kernel_in_turn("t", ["distance"], list(noise))) < 0.5 * error(
        by_kernel("k", ["distance", *noise])
    )


@pytest.mark.parametrize(("domains", "fitted"), [(1, 2000), (166, 2000), (200, 2400), (1000, 10_000)])
def test_a_smooth_model_is_fitted_to_more_pairs_where_there_are_more_training_domains(
    domains: int, fitted: int
) -> None:
    assert predictors.pairs_fitted(domains) == fitted
    every = np.arange(12_000.0)
    home = every % domains
    features, dice = predictors._some_of(np.stack([home, every], 1), every)
    assert len(set(dice)) == len(dice) == fitted
    assert (features[:, 1] == dice).all()
    few = np.arange(20.0)
    assert predictors._some_of(few[:, None], few)[1] is few


def test_a_missing_feature_counts_as_the_mean_and_an_empty_one_as_nothing() -> None:
    pairs = pairs_of(6, 8).assign(empty=np.nan)
    model = by_kernel("k", ["distance", "empty"])
    features, dice = model.features(pairs), pairs["dice_mean"].to_numpy()
    fitted = model.fitted(features, dice)
    at_mean = np.array([[0.95, pairs["distance"].mean(), np.nan], [0.95, np.nan, np.nan]])
    assert fitted(at_mean)[0] == pytest.approx(fitted(at_mean)[1])


def test_the_standard_predictors_are_fixed_and_take_what_the_table_holds() -> None:
    bare = pairs_of(5, 11).drop(columns=["train_place", "test_place"])
    alone = [PRIMARY, "measures", "discriminant_dice"]
    assert [each.name for each in standard_ours(bare)] == alone
    assert standard_baselines(bare) == []
    full = bare.assign(
        soft_dice_confidence=0.9,
        difference_of_confidences=0.1,
        labelled_fraction_gained=0.0,
        sigma_radial=1.0,
        train_Cs_mm=0.0,
        test_Cs_mm=0.1,
    )
    assert standard_ours(full)[0].columns == (*CLOSED_FORM, "train_Cs_mm", "test_Cs_mm")
    assert [each.name for each in standard_ours(full)] == [*alone, CONFIDENT]
    found = {each.name: each for each in standard_baselines(full)}
    assert list(found) == [
        "soft_dice_confidence",
        "difference_of_confidences",
        "sigma_radial",
        "parameters",
        "parameters (smooth)",
    ]
    assert found["difference_of_confidences"].larger == (-1,)
    assert found["parameters"].columns == ("train_Cs_mm", "test_Cs_mm")


def test_a_smooth_model_foretells_as_the_library_does_row_by_row() -> None:
    stream = np.random.default_rng(0)
    x, dice = stream.normal(size=(1500, 4)), stream.uniform(0.3, 0.9, 1500)
    scaled = (x - x.mean(0)) / x.std(0)
    model = SVR(C=STIFFNESS, epsilon=KNOWN_TO, gamma=1 / 8).fit(scaled, logit(dice))
    assert smooth(x, dice, (0,) * 4)(x) == pytest.approx(expit(model.predict(scaled)), abs=1e-9)


def test_a_smooth_model_of_what_does_not_vary_is_a_constant() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    found = smooth(x, np.full(30, 0.8), (0, 0))(x[:3])
    assert found == pytest.approx(np.full(3, 0.8), abs=0.02)
