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


@pytest.mark.parametrize("expected", [11.0, 11.999, 12.0, 13.0])
def test_dark_and_bright_pixels_of_one_image_each_follow_their_own_distribution(expected: float) -> None:
    """Every second pixel at one mean, in images whose other pixels lie on the other side of the threshold.

    Of N/2 draws the total variation distance that chance leaves is ½ Σ √(2 p / (π N/2)) over the ~30 likely counts,
    below 4e-3; the expansion adds 5e-4.
    """
    other = 60.0 if expected < FEWEST_FOR_EXPANSION else 3.0
    means = torch.tensor([expected, other]).expand(N // 2, 2)
    counts = draw_counts(means.contiguous(), torch.Generator().manual_seed(3))
    for column, mean in enumerate((expected, other)):
        own = counts[:, column].double()
        assert float(own.mean()) == pytest.approx(mean, abs=5 * (2 * mean / N) ** 0.5)
        assert float(own.var()) == pytest.approx(mean, rel=5 * (2 * (2 + 1 / mean) / N) ** 0.5)
        seen = torch.bincount(own.long(), minlength=160) / len(own)
        meant = torch.from_numpy(poisson.pmf(range(len(seen)), mean))
        assert 0.5 * float((seen - meant).abs().sum()) < 5e-3


def test_bright_pixels_do_not_notice_a_dark_one() -> None:
    bright = torch.full((40,), 30.0)
    mixed = bright.clone()
    mixed[7] = 0.5
    alone, beside = (draw_counts(means, torch.Generator().manual_seed(1)) for means in (bright, mixed))
    assert torch.equal(alone != beside, mixed < FEWEST_FOR_EXPANSION)


def test_no_electrons_are_expected_and_none_are_counted() -> None:
    assert torch.equal(draw_counts(torch.zeros(100), torch.Generator().manual_seed(0)), torch.zeros(100))


def test_one_seed_is_one_draw_in_every_way() -> None:
    for lowest, highest in ((5.0, 5.0), (50.0, 50.0), (0.0, 50.0)):
        means = torch.linspace(lowest, highest, 99)
        one, two = (draw_counts(means, torch.Generator().manual_seed(7)) for _ in range(2))
        assert torch.equal(one, two)
