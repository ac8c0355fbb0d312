"""Dice, IoU, pixel error and cross entropy, on counts that can be done by hand."""

from math import exp, log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.networks.agreement import agreement


def bar(columns: slice) -> torch.Tensor:
    mask = torch.zeros(1, 4, 10)
    mask[..., columns] = 1
    return mask


def logits_of(mask: torch.Tensor) -> torch.Tensor:
    return 4 * (2 * mask - 1)


def test_two_bars_that_share_a_third_of_their_union_have_dice_one_half() -> None:
    """Predicted columns 0-3, true 2-5, 4 rows: |P| = |T| = 16, both 8, either 24, pixels 40."""
    found = agreement(logits_of(bar(slice(0, 4))), bar(slice(2, 6)))
    assert found.dice.item() == pytest.approx(2 * 8 / 32)
    assert found.iou.item() == pytest.approx(8 / 24)
    assert found.pixel_error.item() == pytest.approx(16 / 40)


def test_cross_entropy_is_the_mean_of_the_surprise_at_the_truth() -> None:
    """Logits of ±4 are probabilities 1/(1+e^-4); 24 of 40 pixels are right, 16 are wrong."""
    right, wrong = log(1 + exp(-4)), log(1 + exp(4))
    found = agreement(logits_of(bar(slice(0, 4))), bar(slice(2, 6)))
    assert found.cross_entropy.item() == pytest.approx((24 * right + 16 * wrong) / 40, rel=1e-6)


def test_nothing_predicted_where_nothing_is_scores_one() -> None:
    found = agreement(torch.full((1, 4, 10), -4.0), torch.zeros(1, 4, 10))
    assert (found.dice.item(), found.iou.item(), found.pixel_error.item()) == (1, 1, 0)


def test_anything_predicted_where_nothing_is_scores_zero() -> None:
    found = agreement(logits_of(bar(slice(0, 1))), torch.zeros(1, 4, 10))
    assert (found.dice.item(), found.iou.item(), found.pixel_error.item()) == (0, 0, pytest.approx(4 / 40))


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_dice_follows_from_iou_and_all_are_fractions(seed: int, fill: float) -> None:
    """Dice = 2 IoU / (1 + IoU), since |P| + |T| = either + both."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 8, 8, generator=generator)
    masks = (torch.rand(3, 8, 8, generator=generator) < fill).float()
    found = agreement(logits, masks)
    torch.testing.assert_close(found.dice, 2 * found.iou / (1 + found.iou))
    for values in (found.dice, found.iou, found.pixel_error):
        assert bool(((values >= 0) & (values <= 1)).all())
    assert bool((found.cross_entropy > 0).all())


def test_each_image_is_scored_by_itself() -> None:
    logits = torch.cat([logits_of(bar(slice(0, 4))), logits_of(bar(slice(0, 2)))])
    masks = torch.cat([bar(slice(2, 6)), bar(slice(0, 2))])
    assert agreement(logits, masks).dice.tolist() == pytest.approx([0.5, 1.0])
