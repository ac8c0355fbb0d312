"""Two contests with fixed rules: who may see what, what is refused, and models that were frozen elsewhere."""

import numpy as np
import pandas as pd
import pytest

from passband.errors import UserError
from passband.information.registry import MEASURES
from passband.shift.analysis import Analysis, AnalysisOptions, Memory, analyse, analyse_frozen
from passband.shift.comparison import fit_inflation, mean_of_errors
from passband.shift.contests import (
    APART,
    CONFIDENT_SIMULATION,
    CORRECTED_SIMULATION,
    DIRECT_SIMULATION,
    SIMULATED,
    UNLABELLED,
    ContestName,
    as_judged,
    contest,
    judged,
    judged_frozen,
)
from passband.shift.crossed import Resampling
from passband.shift.evidence import BASELINES
from passband.shift.limits import explained_by, limits, permutation_tests
from passband.shift.pair_table import ASKED
from passband.shift.predictors import by_kernel, by_kernel_in_turn, by_measures
from passband.shift.reference import Reference
from passband.shift.standard import (
    BAND_CLASSIFIER,
    CLOSED_FORM,
    CONFIDENCE,
    CONFIDENT,
    LABELLED,
    PLAIN,
    PRIMARY,
    TEXTURES,
)

OPTIONS = AnalysisOptions(Resampling(seed=1, resamples=100), n_folds=3)


def study(n: int, m: int, seed: int = 0, evidence: bool = True) -> pd.DataFrame:
    """Dice falls with a distance, which measures tell nearly; plain ones of transfer and settings only hint at it."""
    stream = np.random.default_rng(seed)
    place = {f"{seed}-{k:02d}": stream.uniform(0, 0.5) for k in range(n + m)}
    names = list(place)
    rows = [(a, b, abs(place[a] - place[b])) for a in names[:n] for b in names]
    table = pd.DataFrame(rows, columns=["train_id", "test_id", "distance"])
    signs = {name: -MEASURES[name].larger or 1 for name in CLOSED_FORM}
    told = {
        name: sign * (table["distance"] + stream.normal(0, 0.1 if name in PLAIN else 0.01, len(table)))
        for name, sign in signs.items()
    }
    table = table.assign(
        dice_mean=0.95 - table["distance"],
        home_dice=0.95,
        n_networks=2,
        train_Cs_mm=table["train_id"].map(place),
        test_Cs_mm=stream.normal(size=len(table)),
        abs_delta_defocus_nm=stream.normal(size=len(table)),
        known=1 - table["distance"],
        **told,
        **{name: stream.uniform(size=len(table)) for name in BAND_CLASSIFIER},
    )
    if not evidence:
        return table
    return table.assign(**{name: stream.uniform(size=len(table)) for name in UNLABELLED})


def test_without_images_nobody_uses_what_only_images_tell() -> None:
    taking_part = contest("physics", study(4, 4))
    used = {column for each in (*taking_part.ours, *taking_part.baselines) for column in each.columns}
    needs_images = {
        name for name, each in BASELINES.items() if "images" in each.needs or "features" in each.needs
    }
    assert needs_images < set(UNLABELLED)
    assert not used & set(UNLABELLED)
    assert taking_part.ours[0].name == PRIMARY
    assert taking_part.ours[0].columns == (*CLOSED_FORM, *BAND_CLASSIFIER, "train_Cs_mm", "test_Cs_mm")


def test_the_classifier_without_a_network_counts_as_ours() -> None:
    taking_part = contest("physics", study(4, 4))
    assert BAND_CLASSIFIER[0] in {each.name for each in taking_part.ours}
    assert not set(BAND_CLASSIFIER) & {name for each in taking_part.baselines for name in each.columns}


def test_direct_simulation_is_ours_but_never_the_primary_one_and_sees_no_image_of_a_test() -> None:
    pairs = study(10, 4)
    pairs = pairs.assign(**{SIMULATED: pairs["dice_mean"]})
    taking_part = contest("physics", pairs)
    apart = {each.name: each.columns for each in taking_part.ours if each.name in APART}
    assert apart == {CORRECTED_SIMULATION: (SIMULATED, *TEXTURES), DIRECT_SIMULATION: (SIMULATED,)}
    assert SIMULATED not in taking_part.ours[0].columns
    assert SIMULATED not in UNLABELLED
    assert SIMULATED not in {column for each in taking_part.baselines for column in each.columns}
    with_images = contest("unlabelled", pairs)
    knowing = {each.name for each in (*with_images.ours, *with_images.baselines) if SIMULATED in each.columns}
    assert knowing == {CONFIDENT_SIMULATION}
    assert with_images.ours[0].name == CONFIDENT
    found = judged("physics", pairs, OPTIONS)
    assert found.primary == PRIMARY
    # beside the best baseline, what knows the answer is better by nearly all that this one errs
    apart, best = found.beside[DIRECT_SIMULATION], found.best_baseline()
    assert apart.baseline == best.predictor
    assert apart.low > 0
    assert apart.difference == pytest.approx(best.mae - found.score(DIRECT_SIMULATION).mae, rel=0.05)
    assert DIRECT_SIMULATION not in {each.baseline for each in found.comparisons}
    assert found.score(DIRECT_SIMULATION).mae < 0.25 * found.score("median").mae  # the column is the answer


def test_direct_simulation_takes_no_part_where_it_is_not_known_of_every_pair() -> None:
    pairs = study(10, 4)
    whole = pairs.assign(**{SIMULATED: pairs["dice_mean"]})
    holes = whole.assign(**{SIMULATED: whole[SIMULATED].where(whole.index > 3)})
    for table in (pairs, holes):
        assert DIRECT_SIMULATION not in {each.name for each in contest("physics", table).ours}
    for reference, judged_on in ((whole, holes), (holes, whole)):
        found = judged_frozen("physics", judged_on, Reference(reference, OPTIONS))
        assert DIRECT_SIMULATION not in {each.predictor for each in found.scores}


def test_with_images_ours_adds_confidence_and_meets_trees_that_have_it_too() -> None:
    taking_part = contest("unlabelled", study(4, 4))
    assert set(CONFIDENCE) < set(taking_part.ours[0].columns)
    both = next(each for each in taking_part.baselines if each.name == "parameters and confidence")
    assert both.columns == ("train_Cs_mm", "test_Cs_mm", *CONFIDENCE)
    assert both.larger[:2] == (0, 0)
    assert {"network_agreement", "frechet_distance"} <= {each.name for each in taking_part.baselines}


def test_our_own_models_of_what_networks_say_are_baselines_where_no_measure_is_in_them() -> None:
    taking_part = contest("unlabelled", study(4, 4))
    known = {each.name: set(each.columns) for each in taking_part.baselines}
    assert known["confidence and labelled part (smooth)"] == {*CONFIDENCE, LABELLED}
    settings = {"train_Cs_mm", "test_Cs_mm"}
    assert known["confidence and labelled part (smooth), then settings"] == {*CONFIDENCE, LABELLED, *settings}
    assert known["confidence (smooth), then settings"] == {*CONFIDENCE, *settings}
    assert not {column for columns in known.values() for column in columns} & {*CLOSED_FORM, *BAND_CLASSIFIER}
    own = taking_part.ours[0]
    assert set(own.columns) == {*CONFIDENCE, LABELLED, *CLOSED_FORM, *BAND_CLASSIFIER, *settings}


def test_too_few_domains_and_missing_evidence_are_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match=r"4 training and 8 test domains are too few.*9 of each"):
        judged("physics", study(4, 4), OPTIONS)
    with pytest.raises(UserError, match="no table of what networks say"):
        judged("unlabelled", study(9, 2, evidence=False), OPTIONS)
    holes = study(9, 2)
    holes.loc[:2, CONFIDENCE[0]] = np.nan
    with pytest.raises(UserError, match=r"for 3 of 99 pairs, such as .* is missing"):
        judged("unlabelled", holes, OPTIONS)
    with pytest.raises(UserError, match=r"for 3 of 99 pairs, such as .* is missing"):
        judged_frozen("unlabelled", holes, Reference(study(9, 2, seed=1), OPTIONS))


def test_a_measure_that_knows_the_distance_wins_both_left_out() -> None:
    told = judged("physics", study(10, 4), OPTIONS).headline()
    assert told["primary"] == PRIMARY
    assert told["mae_both_out"] < 0.5 * told["best_baseline_mae"] < told["mae_of_constant"]
    assert told["mae_difference_interval"][0] > 0
    low, high = told["mae_interval"]
    assert low <= told["mae_both_out"] <= high
    assert told["spearman_within"] > 0.9


@pytest.mark.parametrize("frozen", [False, True])
def test_what_takes_part_in_both_contests_is_found_once_and_the_same(frozen: bool) -> None:
    pairs, memory, reference = study(10, 4), Memory(), Reference(study(10, 4, seed=1), OPTIONS)

    def verdict(name: ContestName, known: Memory | None) -> Analysis:
        if frozen:
            return judged_frozen(name, pairs, reference, known)
        return judged(name, pairs, OPTIONS, known)

    first, second = verdict("physics", memory), verdict("unlabelled", memory)
    alone = verdict("unlabelled", None)
    assert repr(second.scores) == repr(
        alone.scores
    )  # a score that is not known is no number, which equals nothing
    assert second.comparisons == alone.comparisons
    assert second.score("measures") is first.score("measures")
    assert second.primary != first.primary


def test_frozen_models_are_those_of_the_reference_and_see_nothing_of_the_study_judged() -> None:
    taught, new = study(10, 4, seed=0), study(9, 5, seed=1)
    reference = Reference(taught, OPTIONS)
    ours = [by_measures("ours", {"known": 1})]
    found = analyse_frozen(new, reference, ours, [])
    model = ours[0].fitted(ours[0].features(taught), taught["dice_mean"].to_numpy())
    away = (new["train_id"] != new["test_id"]).to_numpy()
    assert found.predicted[away] == pytest.approx(model(ours[0].features(new))[away])
    assert np.isnan(found.predicted[~away]).all()
    worse = new.assign(dice_mean=new["dice_mean"] - 0.1)
    assert analyse_frozen(worse, reference, ours, []).predicted[away] == pytest.approx(found.predicted[away])
    assert found.scheme == "frozen"
    assert found.interval[1] is not None


def test_equal_predictors_are_one_to_a_reference_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = Reference(study(10, 4), OPTIONS)
    for make in (by_kernel, lambda name, columns: by_kernel_in_turn(name, columns[:1], columns[1:])):
        one, other = (make("one", ("known", "train_Cs_mm")) for _ in range(2))
        assert one is not other
        assert reference.model(one) is reference.model(other)
        assert reference.half_width(one) == reference.half_width(other)
        assert reference.model(make("one", ("known", "test_Cs_mm"))) is not reference.model(one)
    fitted = len(reference._models)
    judged_frozen("physics", study(9, 5, seed=1), reference)
    first = len(reference._models)
    assert first > fitted
    judged_frozen("physics", study(9, 5, seed=2), reference)
    assert len(reference._models) == first


def test_a_reference_too_small_for_intervals_says_so_each_time() -> None:
    reference, one = Reference(study(4, 4), OPTIONS), by_measures("one", {"known": 1})
    for _ in range(2):
        with pytest.raises(UserError, match="too few to calibrate"):
            reference.half_width(one)


def with_asked(pairs: pd.DataFrame, less: float) -> pd.DataFrame:
    """Of several networks of a domain the one that was asked is worse than their mean by so much, at home too."""
    return pairs.assign(**{own: pairs[name] - less for name, own in ASKED.items()})


@pytest.mark.parametrize("frozen", [False, True])
def test_with_images_the_network_that_saw_them_is_foretold_and_without_the_mean(frozen: bool) -> None:
    pairs, memory = study(10, 4), Memory()
    told = with_asked(pairs, 0.05)
    reference = Reference(with_asked(study(10, 4, seed=1), 0.05), OPTIONS)
    assert reference.asked is not reference
    assert as_judged("physics", told) is told
    assert as_judged("unlabelled", pairs) is pairs

    def verdict(name: ContestName) -> Analysis:
        return judged_frozen(name, told, reference, memory) if frozen else judged(name, told, OPTIONS, memory)

    means, own = verdict("physics"), verdict("unlabelled")
    median = {each: found.score("median").mae for each, found in (("means", means), ("own", own))}
    assert median["means"] == pytest.approx(median["own"], rel=1e-6)  # both sides are lower by the same
    off = own.predicted - (told["dice_mean"] - 0.05)
    assert own.score(CONFIDENT).mae == pytest.approx(np.nanmean(np.abs(off)), rel=1e-6)
    assert own.networks == len(set(told["train_id"])) < means.networks
    assert own.score("measures") is not means.score("measures")


def test_a_network_asked_whose_dice_is_lost_is_told_as_what_it_is() -> None:
    told = with_asked(study(9, 2), 0.05)
    told.loc[:1, "asked_dice"] = np.nan
    with pytest.raises(UserError, match=r"for 2 of 99 pairs, such as .* is missing"):
        judged("unlabelled", told, OPTIONS)


def test_where_a_domain_has_one_network_it_is_the_one_asked() -> None:
    one = with_asked(study(9, 2), 0.0).assign(n_networks=1)
    assert as_judged("unlabelled", one) is one
    assert Reference(one, OPTIONS).asked.pairs is one


def test_models_that_lack_confidence_on_a_part_of_their_study_are_refused_and_not_filled_in() -> None:
    judge, taught = study(4, 8), study(10, 10, seed=1)
    taught.loc[taught.index[:7], "soft_dice_confidence"] = np.nan
    with pytest.raises(UserError, match="for 7 of 200 pairs of the study that models are fitted on"):
        judged_frozen("unlabelled", judge, Reference(taught, OPTIONS))
    assert judged_frozen("physics", judge, Reference(taught, OPTIONS)).scheme == "frozen"
    with pytest.raises(UserError, match="what networks of the study that models are fitted on say"):
        judged_frozen("unlabelled", judge, Reference(study(10, 10, seed=1, evidence=False), OPTIONS))


def test_frozen_contests_have_the_headline_of_all_others() -> None:
    told = judged_frozen("physics", study(9, 5, seed=1), Reference(study(10, 4), OPTIONS)).headline()
    assert told.keys() == judged("physics", study(10, 4), OPTIONS).headline().keys()
    assert told["mae_both_out"] < told["best_baseline_mae"]


def test_a_study_too_small_to_judge_frozen_models_on_is_refused_in_a_sentence() -> None:
    for n, m, told in ((1, 4, "1 training and 5 test"), (2, 0, "2 training and 2 test")):
        with pytest.raises(UserError, match=f"{told} domains are too few to judge"):
            judged_frozen("physics", study(n, m, seed=1), Reference(study(10, 4), OPTIONS))


def test_only_models_fitted_within_the_study_have_their_errors_widened() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=(10, 12)))
    widened, plain = (mean_of_errors(errors, OPTIONS.resampling, elsewhere) for elsewhere in (False, True))
    assert widened.value == plain.value
    assert widened.standard_error**2 == pytest.approx(plain.standard_error**2 * fit_inflation(10, 12))


def test_baselines_are_scored_where_asked() -> None:
    pairs = study(10, 4, evidence=False)
    found = analyse(pairs, [by_measures("ours", {"known": 1})], [], OPTIONS)
    assert {each.scheme for each in found.scores if each.predictor == "ours"} == {"test", "train", "both"}
    assert {each.scheme for each in found.scores if each.predictor == "median"} == {"both"}


def test_the_measure_with_the_direction_of_the_drops_explains_their_asymmetry() -> None:
    stream = np.random.default_rng(0)
    names = [f"{k}" for k in range(6)]
    rank = stream.normal(size=6)
    pairs = pd.DataFrame([(a, b) for a in names for b in names], columns=["train_id", "test_id"])
    odd = pairs["train_id"].astype(int).map(dict(enumerate(rank))) - pairs["test_id"].astype(int).map(
        dict(enumerate(rank))
    )
    pairs = pairs.assign(
        home_dice=0.9, dice_mean=0.8 - 0.01 * odd, odd=odd, even=odd.abs(), hole=odd.where(pairs.index > 3)
    )
    found = explained_by(pairs, ["even", "hole", "odd"])
    assert (found.best, found.domains) == ("odd", 6)
    assert found.explained == pytest.approx(1.0)
    assert found.share == pytest.approx(1.0)


def test_limits_say_why_they_are_missing() -> None:
    pairs = study(3, 3)
    means = pairs.rename(columns={"dice_mean": "value"}).assign(network_id=pairs["train_id"])
    found = limits(means, pairs, ["known"], seed=0)
    assert found.ceiling is None
    assert any("two networks or more" in reason for reason in found.refusals)
    assert found.mantel["known"].correlation < -0.9


def test_many_measures_leave_a_clear_one_within_reach_of_significance() -> None:
    pairs = study(10, 4, evidence=False)
    names = [f"measure {k}" for k in range(60)]
    stream = np.random.default_rng(0)
    noise = pd.DataFrame(stream.normal(size=(len(pairs), 60)), columns=names, index=pairs.index)
    noise[names[0]] = pairs["distance"]
    found = permutation_tests(pd.concat([pairs, noise], axis=1), names, 0)
    assert found[names[0]].p * len(names) <= 0.05
    assert sum(each.p * len(names) <= 0.05 for each in found.values()) <= 2
