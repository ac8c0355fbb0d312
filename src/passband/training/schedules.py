"""The learning rate over a run, one function per schedule; each gives the rate over its highest value."""

from collections.abc import Callable
from math import cos, pi
from typing import Final

RISE: Final = 0.3
"""Part of a one-cycle run in which the rate rises (Smith & Topin, arXiv 1708.07120)."""
START: Final = 1 / 25
"""Rate at the start of a one-cycle run, over the highest; it ends at nearly 0."""
DECAY_PER_EPOCH: Final = 0.99

Schedule = Callable[[int, int, int], float]
"""(step from 0, steps of the run, steps per epoch) to rate over highest rate."""


def onecycle(step: int, steps: int, steps_per_epoch: int) -> float:
    """Half a cosine up from START to 1 over the first RISE of the run, half a cosine down to 0 after it."""
    progress = (step + 0.5) / steps
    if progress < RISE:
        return START + (1 - START) * (1 - cos(pi * progress / RISE)) / 2
    return (1 + cos(pi * (progress - RISE) / (1 - RISE))) / 2


def exponential(step: int, steps: int, steps_per_epoch: int) -> float:
    """DECAY_PER_EPOCH to the power of the epochs that have ended."""
    return float(DECAY_PER_EPOCH ** (step // steps_per_epoch))


SCHEDULES: Final[dict[str, Schedule]] = {"onecycle": onecycle, "exponential": exponential}
