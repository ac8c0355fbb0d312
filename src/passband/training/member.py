"""What goes into the trainer and what comes out of it: members, and what became of them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from passband.data.pool import ImagePool
from passband.networks.unet import UNet
from passband.training.spec import TrainingSpec

HistoryRow = dict[str, float]
"""step, training_loss (mean since the last row), validation_loss, validation_dice, validation_pixel_error,
learning_rate, seconds (since the start)."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What training gives.

    state_dict: weights of the best step, by name, on the CPU, floating-point ones in float32.
    history: one row per validation, in order.
    best_step: the step (from 1) of the least validation loss.
    seconds: wall time from its first step to its last; that of others under way at the same time is in it.
    """

    state_dict: dict[str, Tensor]
    history: list[HistoryRow]
    best_step: int
    seconds: float


@dataclass(frozen=True)
class Member:
    """One network to be trained: at its random start, with all that decides what it becomes.

    key: names it in the results. training_pool, validation_pool: images of its domain; members may share them.
    seed: of its batches and their noise.
    """

    key: str
    network: UNet
    spec: TrainingSpec
    training_pool: ImagePool
    validation_pool: ImagePool
    seed: int


@dataclass(frozen=True)
class Trained:
    """A member that went its whole way."""

    key: str
    network: TrainedNetwork


@dataclass(frozen=True)
class Diverged:
    """A member whose loss is no longer a finite number; the reason tells the step and the learning rate."""

    key: str
    reason: str


Progress = Callable[[str, HistoryRow], None]
"""Called with a member's key and each new row of its history."""
