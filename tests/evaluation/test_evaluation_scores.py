"""The columns of the score table."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from passband.evaluation.scores import Scores, score_images, score_logits


class Echo(nn.Module):
    """Predicts particle where the image is bright."""

    def forward(self, images: Tensor) -> Tensor:
        return 3 * images


def masks() -> Tensor:
    """Three 8 x 8 masks: a 4 x 4 box, a 4 x 2 box, nothing."""
    result = torch.zeros(3, 8, 8)
    result[0, :4, :4] = 1
    result[1, :4, :2] = 1
    return result


def test_a_network_that_sees_the_mask_is_perfect() -> None:
    scores = score_images(Echo(), (2 * masks() - 1)[:, None], masks(), sampling_A=10.0)
    assert scores.dice.tolist() == scores.iou.tolist() == scores.f1.tolist() == [1, 1, 1]
    assert scores.pixel_error.tolist() == [0, 0, 0]
    assert scores.n_true.tolist() == scores.n_found.tolist() == [1, 1, 0]
    assert scores.size_error_nm[:2].tolist() == [0, 0]
    assert np.isnan(scores.size_error_nm[2])


def test_half_a_particle_scores_as_counted_by_hand() -> None:
    """Found 8 of 16 px: Dice 16/24, IoU 8/16, error 8/64; IoU is not above 0.5, so no particle is matched.

    Diameters 2 sqrt(8/π) and 2 sqrt(16/π) nm at 1 nm per pixel.
    """
    scores = score_logits(2 * masks()[1:2] - 1, masks()[0:1], sampling_A=10.0)
    assert scores.dice[0] == pytest.approx(2 / 3)
    assert scores.iou[0] == pytest.approx(0.5)
    assert scores.pixel_error[0] == pytest.approx(1 / 8)
    assert scores.f1[0] == 0
    assert scores.size_error_nm[0] == pytest.approx(2 * (np.sqrt(8 / np.pi) - np.sqrt(16 / np.pi)))


def test_mask_fraction_is_that_of_the_truth() -> None:
    scores = score_logits(torch.ones(3, 8, 8), masks(), sampling_A=10.0)
    assert scores.mask_fraction.tolist() == [16 / 64, 8 / 64, 0]


def test_there_is_one_row_per_image_in_every_column_of_the_table() -> None:
    scores = score_logits(torch.randn(3, 8, 8), masks(), sampling_A=4.0)
    names = [
        "dice",
        "iou",
        "pixel_error",
        "cross_entropy",
        "f1",
        "n_true",
        "n_found",
        "size_error_nm",
        "mask_fraction",
    ]
    assert list(Scores.__dataclass_fields__) == names
    assert all(getattr(scores, name).shape == (3,) for name in names)


def test_a_probability_of_exactly_one_half_is_not_a_particle() -> None:
    assert score_logits(torch.zeros(3, 8, 8), masks(), sampling_A=10.0).dice.tolist() == [0, 0, 1]
