"""What training minimises: functions of particle logits (b, ny, nx) and masks (b, ny, nx) in [0, 1].

Where a logit stands for several pixels, its mask is their mean; the truth is then a share, not a class.
"""

from collections.abc import Callable
from typing import Final

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean over pixels of -ln of the probability of the truth [nats]."""
    return binary_cross_entropy_with_logits(logits, masks)


def soft_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - 2 Σ p m / (Σ p + Σ m) over the batch, p the probabilities (Milletari et al., arXiv 1606.04797),
    in [0, 1].

    One is added above and below, so that empty against empty is 0.
    """
    probabilities = logits.sigmoid()
    overlap = (probabilities * masks).sum()
    return 1 - (2 * overlap + 1) / (probabilities.sum() + masks.sum() + 1)


def cross_entropy_and_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """The sum of both."""
    return cross_entropy(logits, masks) + soft_dice(logits, masks)


LOSSES: Final[dict[str, Loss]] = {"bce_dice": cross_entropy_and_dice, "cross_entropy": cross_entropy}
