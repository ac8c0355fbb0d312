import pytest
import torch
from scipy.stats import poisson

from passband.imaging.counts import FEWEST_FOR_EXPANSION, draw_counts

N = 1_000_000


@pytest.mark.parametrize("expected", [0.3, 4.8, 11.9, 12.1, 24.0, 64.0, 300.0])
def test_counts_follow_the_poisson_distribution(expected: float) -> None:
    counts = draw_counts(torch.full((N,), expected), torch.Generator().manual_seed(1))
    assert torch.equal(counts, counts.round())
    assert float(counts.min()) >= 0
    # standard errors of a million draws: √(λ/N) of the mean, √((2 + 1/λ)/N) of the relative variance
    assert float(counts.double().mean()) == pytest.approx(expected, abs=5 * (expected / N) ** 0.5)
    assert float(counts.double().var()) == pytest.approx(expected, rel=5 * ((2 + 1 / expected) / N) ** 0.5)
    # the empirical distribution function is known to 1.95/√N = 2e-3 (Kolmogorov, one in a thousand)
    highest = int(counts.max())
    seen = torch.bincount(counts.long(), minlength=highest + 1).cumsum(0) / N
    meant = torch.from_numpy(poisson.cdf(range(highest + 1), expected))
    assert (seen - meant).abs().max() < 2e-3


def test_the_two_ways_meet_at_the_threshold() -> None:
    few, many = (
        draw_counts(torch.full((N,), FEWEST_FOR_EXPANSION + step), torch.Generator().manual_seed(2))
        for step in (-1e-3, 1e-3)
    )
    apart = torch.bincount(few.long(), minlength=60)[:60] - torch.bincount(many.long(), minlength=60)[:60]
    # half the sum of 30 differences of about √(2 N/30) each is 0.6 % of N / √30; the expansion adds 4e-4
    assert 0.5 * float(apart.abs().sum()) / N < 5e-3


def test_no_electrons_are_expected_and_none_are_counted() -> None:
    assert torch.equal(draw_counts(torch.zeros(100), torch.Generator().manual_seed(0)), torch.zeros(100))


def test_one_seed_is_one_draw_in_both_ways() -> None:
    for expected in (5.0, 50.0):
        one, two = (
            draw_counts(torch.full((99,), expected), torch.Generator().manual_seed(7)) for _ in range(2)
        )
        assert torch.equal(one, two)
