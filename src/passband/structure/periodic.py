"""Coordinates that repeat: the one place inside a period, and the shortest step among all images."""

import numpy as np
from numpy.typing import NDArray


def wrapped(places: NDArray[np.float64], period: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Places moved by whole periods into [0, period); what rounding would put at the end goes to 0."""
    inside = places % period
    return np.where(inside < period, inside, 0.0)


def shortest(steps: NDArray[np.float64], period: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps moved by whole periods so that none is longer than half a period."""
    return np.asarray(steps - period * np.round(steps / period))
