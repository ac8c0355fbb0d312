"""How well a prediction agrees with a mask, image by image.

A pixel is predicted to be particle where its probability is above 0.5, that is where its logit is above 0.
With P the predicted and T the true set of pixels,

    Dice = 2 |P ∩ T| / (|P| + |T|),   IoU = |P ∩ T| / |P ∪ T|,   pixel error = |P Δ T| / (all pixels),

and Dice and IoU are 1 where both sets are empty. Cross entropy is the mean over pixels of -ln of the
probability given to the truth, in nats.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


@dataclass(frozen=True)
class Agreement:
    """Float32 tensors (n,), one value per image; all but the cross entropy lie in [0, 1]."""

    dice: Tensor
    iou: Tensor
    pixel_error: Tensor
    cross_entropy: Tensor


def agreement(logits: Tensor, masks: Tensor) -> Agreement:
    """Agreement of particle logits (n, ny, nx) with masks (n, ny, nx) in {0, 1}."""
    predicted, true = logits > 0, masks > 0.5
    pixels = (-2, -1)
    both = (predicted & true).sum(pixels).float()
    either = (predicted | true).sum(pixels).float()
    empty = either == 0
    return Agreement(
        dice=torch.where(empty, 1.0, 2 * both / (both + either)),
        iou=torch.where(empty, 1.0, both / either),
        pixel_error=(either - both) / logits[0].numel(),
        cross_entropy=binary_cross_entropy_with_logits(logits, masks.float(), reduction="none").mean(pixels),
    )
