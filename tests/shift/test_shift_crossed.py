"""The mean of a crossed table, and rank correlations as such means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from passband.shift.crossed import crossed_mean, separate_blocks, standard_error
from passband.shift.influence import kendall_values, spearman_values


def test_the_standard_error_is_that_of_the_effect_that_varies() -> None:
    # rows of one value: the mean of n rows varies as their standard deviation over sqrt(n); columns likewise
    rows = np.random.default_rng(0).normal(size=(8, 1)) + np.zeros((1, 5))
    assert standard_error(rows) == pytest.approx(rows[:, 0].std(ddof=1) / np.sqrt(8))
    assert standard_error(rows.T) == pytest.approx(rows[:, 0].std(ddof=1) / np.sqrt(8))
    # cells alone: the mean of n m, within what three mean squares of one variance differ by
    cells = np.random.default_rng(1).normal(size=(60, 80))
    assert standard_error(cells) == pytest.approx(1 / np.sqrt(60 * 80), rel=0.4)


def test_a_domain_in_both_roles_counts_once() -> None:
    # what is hard to leave is as hard to reach, or as easy, or neither: 2, 0 and √2 standard errors of one role
    same, own = np.eye(40, dtype=bool), np.random.default_rng(2).normal(size=(2, 40))
    one, home = own[0].std(ddof=1) / np.sqrt(40), np.where(same, np.nan, 0.0)
    assert standard_error(own[0][:, None] + own[0] + home, same) == pytest.approx(2 * one, rel=0.02)
    assert standard_error(own[0][:, None] - own[0] + home, same) == pytest.approx(0, abs=1e-6)
    apart = own[0][:, None] + own[1] + home
    assert standard_error(apart, same) == pytest.approx(standard_error(apart), rel=0.2)


def test_cells_that_mirror_each_other_count_once() -> None:
    same, cells = np.eye(60, dtype=bool), np.random.default_rng(3).normal(size=(60, 60))
    mirrored, apart = (np.where(same, np.nan, each) for each in ((cells + cells.T) / np.sqrt(2), cells))
    assert standard_error(mirrored, same) == pytest.approx(np.sqrt(2 / (60 * 59)), rel=0.4)
    assert standard_error(apart, same) == pytest.approx(1 / 60, rel=0.4)


def test_missing_cells_do_not_bend_an_additive_table() -> None:
    table = np.arange(6.0)[:, None] + 10 * np.arange(7.0)
    whole = standard_error(table)
    table[[0, 2, 3], [1, 2, 6]] = np.nan
    assert standard_error(table) == pytest.approx(whole, rel=1e-6)


def test_a_table_in_blocks_is_a_sample_of_blocks() -> None:
    stream, covered = np.random.default_rng(5), []
    for _ in range(400):
        table = np.full((48, 60), np.nan)
        for b in range(12):
            rows, columns = stream.normal(size=(4, 1)), stream.normal(size=5)
            table[4 * b : 4 * b + 4, 5 * b : 5 * b + 5] = rows + columns + stream.normal(size=(4, 5))
        table[0, 1] = np.nan
        shuffled = table[stream.permutation(48)][:, stream.permutation(60)]
        mean = crossed_mean(shuffled, 200, 0)
        assert mean.value == pytest.approx(float(np.nanmean(table)))
        low, high = mean.interval(0.9)
        covered.append(low <= 0 <= high)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.045)  # 3 standard errors of 400 studies


def test_blocks_share_no_row_and_no_column() -> None:
    known = np.zeros((5, 6), bool)
    known[np.ix_([0, 3], [1, 4])] = known[np.ix_([1], [0, 5])] = known[np.ix_([2, 4], [2])] = True
    found = [(rows.tolist(), columns.tolist()) for rows, columns in separate_blocks(known)]
    assert found == [([0, 3], [1, 4]), ([1], [0, 5]), ([2, 4], [2])]
    assert len(separate_blocks(np.ones((3, 4), bool))) == 1
    assert separate_blocks(np.zeros((2, 2), bool)) == []


def test_a_table_without_variation_is_certain() -> None:
    mean = crossed_mean(np.full((4, 5), 0.3), 50, 0)
    assert mean.interval(0.9) == pytest.approx((0.3, 0.3))
    assert mean.p_above_zero() == pytest.approx(1 / 51)
    assert crossed_mean(np.full((4, 5), -0.3), 50, 0).p_above_zero() == 1


def test_p_falls_as_the_mean_rises_and_mirrors_with_the_sign() -> None:
    table = np.random.default_rng(3).normal(size=(12, 15))
    table -= table.mean()
    p = [crossed_mean(table + shift, 2000, 1).p_above_zero() for shift in (-0.2, 0.0, 0.2, 2.0)]
    assert p == sorted(p, reverse=True)
    # the null distribution is drawn anew around zero, so a mean of zero stands in its middle: 3 s.e. of 2000 are 0.034
    assert p[1] == pytest.approx(0.5, abs=0.1)
    assert p[-1] < 0.01


def test_tables_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows and two columns"):
        crossed_mean(np.ones((1, 5)), 10, 0)


@given(st.integers(0, 10_000), st.booleans())
def test_influences_average_to_scipys_coefficients(seed: int, ties: bool) -> None:
    stream = np.random.default_rng(seed)
    x, y = stream.normal(size=(2, 40))
    if ties:
        x, y = np.round(2 * x), np.round(3 * y)
    assert spearman_values(x, y).mean() == pytest.approx(stats.spearmanr(x, y).statistic)
    assert kendall_values(x, y).mean() == pytest.approx(stats.kendalltau(x, y).statistic)


@pytest.mark.parametrize("values", [spearman_values, kendall_values])
def test_an_influence_is_what_one_more_pair_does_to_the_coefficient(values) -> None:  # type: ignore[no-untyped-def]
    # with pair i in twice, the coefficient moves by influence/(n + 1), to order 1/n
    stream = np.random.default_rng(2)
    x = stream.normal(size=400)
    y = x + stream.normal(size=400)
    found, whole = values(x, y), float(values(x, y).mean())
    for i in (0, 57, 399):
        moved = float(values(np.append(x, x[i]), np.append(y, y[i])).mean()) - whole
        assert moved * 401 == pytest.approx(found[i] - whole, abs=0.05)


@pytest.mark.parametrize("values", [spearman_values, kendall_values])
def test_what_does_not_vary_has_no_coefficient(values) -> None:  # type: ignore[no-untyped-def]
    assert np.isnan(values(np.ones(5), np.arange(5.0))).all()
