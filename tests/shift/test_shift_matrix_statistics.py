"""Permutation of domains, the noise ceiling, and asymmetry."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from passband.errors import UserError
from passband.seeds import random_stream
from passband.shift.asymmetry import asymmetry, explained_asymmetry, square_drops
from passband.shift.ceiling import noise_ceiling
from passband.shift.permutation import permutation_test, permutation_tests

STREAM = np.random.default_rng(0)


def test_a_measure_that_goes_with_performance_is_found() -> None:
    measure = STREAM.normal(size=(8, 12))
    found = permutation_test(measure + 0.3 * STREAM.normal(size=(8, 12)), measure, permutations=199)
    assert found.correlation > 0.8
    assert found.p == pytest.approx(1 / 200)


def test_good_and_bad_domains_alone_do_not_feign_a_relation() -> None:
    # both matrices are effects of rows and columns, drawn apart: pairs look related, domains do not. 120 studies at
    # 10 %: one standard error is 2.7 %, and three are allowed
    def effects() -> np.ndarray:
        return STREAM.normal(size=(8, 1)) + STREAM.normal(size=(1, 10))

    p = np.array([permutation_test(effects(), effects(), permutations=39, seed=k).p for k in range(120)])
    assert 0.02 < np.mean(p <= 0.1) < 0.18


@pytest.mark.parametrize("sign", [1, -1])
def test_effects_of_domains_in_both_roles_do_not_feign_a_relation(sign: int) -> None:
    # rows and columns permuted apart came below 10 % in 23 % of such studies; as above otherwise
    stream, same = np.random.default_rng(7), np.eye(9, 12, dtype=bool)

    def effects() -> np.ndarray:
        own = stream.normal(size=12)
        return own[:9, None] + sign * own

    p = [permutation_test(effects(), effects(), (), 39, seed=k, same=same).p for k in range(120)]
    assert 0.02 < np.mean(np.array(p) <= 0.1) < 0.18


def test_domains_are_relabelled_in_both_roles_alike_and_in_one_role_among_themselves() -> None:
    # a measure that is known of domains with themselves only: relabelled, these pairs stay pairs of one domain
    measure = np.where(np.eye(4, 6, dtype=bool), np.arange(4)[:, None], np.nan)
    performance = np.where(
        np.eye(4, 6, dtype=bool), np.array([0.0, 1.0, 3.0, 2.0])[:, None], STREAM.normal(size=(4, 6))
    )
    found = permutation_test(performance, measure, (), 199, same=np.eye(4, 6, dtype=bool))
    # of the 24 orders of four, 4 have |ρ| of 0.8 or more on either side: 8/24
    assert found.correlation == pytest.approx(0.8)
    assert found.p == pytest.approx(8 / 24, abs=0.12)


def test_what_another_matrix_explains_is_taken_out() -> None:
    known = STREAM.normal(size=(10, 12))
    performance, measure = (
        known + 0.2 * STREAM.normal(size=(10, 12)),
        known + 0.2 * STREAM.normal(size=(10, 12)),
    )
    assert permutation_test(performance, measure, permutations=99).p <= 0.02
    assert permutation_test(performance, measure, given=[known], permutations=99).p > 0.02


def test_measures_tested_together_are_those_tested_one_by_one() -> None:
    # the reference moves the measure itself, pair by pair, as the definition says
    stream = np.random.default_rng(3)
    performance = stream.normal(size=(6, 9))
    performance[np.arange(6), np.arange(6)] = np.nan
    measures = {name: performance + stream.normal(0, 2, (6, 9)) for name in "ab"}
    measures = {name: np.where(np.isfinite(each), each, 0.5) for name, each in measures.items()}
    measures["c"] = np.where(stream.random((6, 9)) < 0.1, np.nan, measures["a"])
    found = permutation_tests(performance, measures, permutations=99, seed=5)
    for name, measure in measures.items():
        known = np.isfinite(performance + measure)
        x, y = (np.where(known, 0.0, np.nan) for _ in range(2))
        x[known], y[known] = rankdata(measure[known]), rankdata(performance[known])
        order = random_stream(5, "permutations")
        drawn = []
        for _ in range(99):
            rows, columns = order.permutation(6), order.permutation(9)
            a, b = x[rows][:, columns].ravel(), y.ravel()
            both = np.isfinite(a + b)
            drawn.append(np.corrcoef(a[both], b[both])[0, 1])
        seen = np.corrcoef(x[known], y[known])[0, 1]
        assert found[name].correlation == pytest.approx(seen)
        assert found[name].p == pytest.approx((1 + (np.abs(drawn) >= abs(seen) - 1e-12).sum()) / 100)


def test_matrices_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        permutation_test(np.ones((3, 4)), np.ones((4, 3)))


def networks(noise: float, seed: int = 0) -> pd.DataFrame:
    stream = np.random.default_rng(seed)
    truth = {(a, b): stream.normal() for a in "ABCD" for b in "ABCDEFGHIJ"}
    rows = [
        (f"{a}{k}", a, b, value + noise * stream.normal())
        for (a, b), value in truth.items()
        for k in range(6)
    ]
    return pd.DataFrame(rows, columns=["network_id", "train_id", "test_id", "value"])


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_the_ceiling_is_what_the_mean_of_all_networks_is_off(count: int) -> None:
    # n networks with noise s: their mean is off by s/√n · √(2/π) on average
    some = networks(0.3)
    some = some[some["network_id"].str[-1].astype(int) < count]
    found = noise_ceiling(some, splits=20, seed=0)
    assert found.mae == pytest.approx(0.3 / np.sqrt(count) * np.sqrt(2 / np.pi), rel=0.12)


def test_the_ceiling_of_ranks_falls_with_the_noise() -> None:
    found = noise_ceiling(networks(0.3), splits=20, seed=0)
    assert 0.97 < found.r <= 1
    assert noise_ceiling(networks(0.0), 5, 0).r == pytest.approx(1)
    assert noise_ceiling(networks(5.0), 20, 0).r < 0.8


def test_one_network_has_no_halves() -> None:
    scores = networks(0.1)
    with pytest.raises(UserError, match="two networks or more"):
        noise_ceiling(scores[scores["network_id"].str.endswith("0")], 5, 0)


def test_symmetric_and_antisymmetric_matrices_have_the_shares_0_and_1() -> None:
    even = STREAM.normal(size=(6, 6))
    even, odd = even + even.T, even - even.T
    assert asymmetry(even).share == pytest.approx(0)
    assert asymmetry(odd).share == pytest.approx(1)
    # the constant of all drops is no symmetry between pairs
    assert asymmetry(odd + 7).share == pytest.approx(1)


def test_only_a_directed_measure_explains_asymmetry() -> None:
    drops = STREAM.normal(size=(6, 6))
    assert explained_asymmetry(drops, drops) == pytest.approx(1)
    assert explained_asymmetry(drops, drops.T) == pytest.approx(1)
    assert explained_asymmetry(drops, drops + drops.T) == 0


def test_drops_are_taken_between_domains_of_both_roles() -> None:
    pairs = pd.DataFrame(
        [(a, b, 0.9 - 0.1 * (a < b)) for a in "ABC" for b in "ABCX"],
        columns=["train_id", "test_id", "dice_mean"],
    ).assign(home_dice=0.9)
    drops = square_drops(pairs)
    assert list(drops.index) == list(drops.columns) == ["A", "B", "C"]
    assert drops.loc["A", "B"] == pytest.approx(0.1)
    with pytest.raises(UserError, match="needs 3 or more"):
        square_drops(pairs[pairs["train_id"] == "A"])


def test_permutations_of_a_single_pair_prove_nothing() -> None:
    one = np.array([[np.nan, 0.4]])
    found = permutation_test(one, np.array([[np.nan, 2.0]]), permutations=99)
    assert (found.correlation, found.p) == (0.0, 1.0)
