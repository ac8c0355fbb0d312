"""Rank correlations of many rows at once, against values by hand and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from passband.shift import correlation
from passband.shift.correlation import rank_correlation

few_values = st.lists(
    st.tuples(st.integers(0, 6), st.one_of(st.integers(0, 6), st.just(None))), min_size=2, max_size=30
)


def test_four_values_by_hand() -> None:
    # ranks 1 3 2 4 against 1 2 3 4: Σd² = 2, ρ = 1 - 6·2/(4·15) = 0.8; five pairs agree, one does not: τ = 4/6
    found = rank_correlation(np.array([10.0, 20, 30, 40]), np.array([0.1, 0.3, 0.2, 0.4]))
    assert found.spearman == pytest.approx(0.8)
    assert found.kendall == pytest.approx(2 / 3)


def test_a_tie_by_hand() -> None:
    # ranks 1.5 1.5 3 against 1 2 3: ρ = 1.5 / sqrt(1.5 · 2) = 0.866; pairs: one tied in x, two agree,
    # so τ_b = 2 / sqrt(2 · 3)
    found = rank_correlation(np.array([5.0, 5, 7]), np.array([1.0, 2, 3]))
    assert found.spearman == pytest.approx(1.5 / np.sqrt(3))
    assert found.kendall == pytest.approx(2 / np.sqrt(6))


@given(few_values)
def test_they_agree_with_scipy_with_ties_and_missing_values(values: list[tuple[int, int | None]]) -> None:
    x = np.array([a for a, _ in values], dtype=float)
    y = np.array([np.nan if b is None else b for _, b in values], dtype=float)
    found = rank_correlation(x, y)
    known = ~np.isnan(y)
    if len(np.unique(x[known])) < 2 or len(np.unique(y[known])) < 2:
        assert np.isnan(found.spearman)
        assert np.isnan(found.kendall)
        return
    assert found.spearman == pytest.approx(stats.spearmanr(x[known], y[known]).statistic, abs=1e-12)
    assert found.kendall == pytest.approx(stats.kendalltau(x[known], y[known]).statistic, abs=1e-12)


@given(st.integers(0, 1000))
def test_repeating_every_value_changes_nothing(seed: int) -> None:
    """So a resample that draws a pair twice gives it double weight, and no spurious agreement."""
    x, y = np.random.default_rng(seed).normal(size=(2, 7))
    once, thrice = rank_correlation(x, y), rank_correlation(np.tile(x, 3), np.tile(y, 3))
    assert thrice.spearman == pytest.approx(once.spearman)
    assert thrice.kendall == pytest.approx(once.kendall)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.random.default_rng(3).normal(size=(2, 4, 5, 6))
    whole = rank_correlation(x, y)
    monkeypatch.setattr(correlation, "CHUNK_ELEMENTS", 100)
    parts = rank_correlation(x, y)
    assert whole.spearman.shape == (4, 5)
    np.testing.assert_array_equal(whole.spearman, parts.spearman)
    np.testing.assert_array_equal(whole.kendall, parts.kendall)
